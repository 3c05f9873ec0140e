"""What programs put on the clipboard, and what the writing desk makes of it."""

DOCS = (
    '<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1a2b">'
    '<h1 dir="ltr" style="line-height:1.38;margin-top:20pt;"><span style="font-size:20pt;'
    'font-weight:400;white-space:pre-wrap;">Lesson five</span></h1>'
    '<p dir="ltr" style="line-height:1.38;margin-top:0pt;margin-bottom:0pt;">'
    '<span style="font-weight:400;white-space:pre-wrap;">It begins </span>'
    '<span style="font-weight:700;white-space:pre-wrap;">on Friday</span>'
    '<span style="font-weight:400;font-style:italic;white-space:pre-wrap;"> &amp; ends late</span>'
    '<span style="font-weight:400;text-decoration:line-through;white-space:pre-wrap;">, maybe'
    "</span></p><br /><ul style=\"margin-top:0;\"><li dir=\"ltr\" style=\"list-style-type:disc;"
    'font-weight:400;"><p dir="ltr" role="presentation"><span style="white-space:pre-wrap;">bring '
    "a pen</span></p></li><li dir=\"ltr\"><p dir=\"ltr\" role=\"presentation\"><span>read "
    '</span><a href="https://www.google.com/url?q=https://example.org/a&amp;sa=D" '
    'style="text-decoration:none;"><span style="color:#1155cc;text-decoration:underline;">this'
    "</span></a></p></li></ul></b>"
)
DOCS_TEXT = (
    "<b>Lesson five</b>\nIt begins <b>on Friday</b><i> &amp; ends late</i><s>, maybe</s>\n\n"
    '• bring a pen\n• read <a href="https://example.org/a">this</a>'
)
WORD = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office" '
    'xmlns:w="urn:schemas-microsoft-com:office:word"><head><style><!-- p.MsoNormal {margin:0} '
    "--></style></head><body lang=EN-GB><!--StartFragment-->"
    "<p class=MsoNormal>Dear <b>students</b>,<o:p></o:p></p>"
    "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"
    "<p class=MsoNormal>the <i>exam</i> is on <u>Monday</u>\n at 10:00.<o:p></o:p></p>"
    "<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'>"
    "<![if !supportLists]><span style='mso-list:Ignore'>1.<span style='font:7.0pt \"Times New "
    "Roman\"'>&nbsp;&nbsp; </span></span><![endif]>Come early<o:p></o:p></p>"
    "<p class=MsoListParagraphCxSpLast style='mso-list:l1 level1 lfo2'><![if !supportLists]>"
    "<span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp;</span>"
    "</span></span><![endif]>Bring 2 &lt; 3 pens</p><script>alert(1)</script><!--EndFragment-->"
    "</body></html>"
)
WORD_TEXT = (
    "Dear <b>students</b>,\n\nthe <i>exam</i> is on <u>Monday</u> at 10:00.\n"
    "1. Come early\n• Bring 2 &lt; 3 pens"
)
TELEGRAM = (
    "<strong>Hello</strong> <em>there</em> "
    '<span class="Spoiler" data-entity-type="MessageEntitySpoiler">secret</span><br>'
    '<img class="emoji" alt="🎉" src="img/1f389.png"> <a href="https://t.me/x" '
    'data-entity-type="MessageEntityUrl">https://t.me/x</a><br>'
    '<a href="javascript:alert(1)">bad</a> <code>x = 1</code>'
    "<blockquote>said<br>twice</blockquote>"
    '<pre><code class="language-python">if a < b:\n    go()</code></pre>'
)
TELEGRAM_TEXT = (
    "<b>Hello</b> <i>there</i> <tg-spoiler>secret</tg-spoiler>\n"
    '🎉 <a href="https://t.me/x">https://t.me/x</a>\nbad <code>x = 1</code>\n'
    "<blockquote>said\ntwice</blockquote>\n"
    '<pre><code class="language-python">if a &lt; b:\n    go()</code></pre>'
)
PAGE = (
    "<h2>News</h2><p>One <b>bold <i>both</i></b><i> slanted</i></p><p>Two</p>"
    "<ol><li>first<ul><li>inner</li></ul></li><li>second</li></ol>"
    "<table><tr><td>a</td><td>b</td></tr></table>"
)
PAGE_TEXT = (
    "<b>News</b>\n\nOne <b>bold <i>both</i></b> <i>slanted</i>\n\nTwo\n\n"
    "1. first\n  • inner\n2. second\na b"
)
# (text/html, text/plain, what stands in the editor then)
PASTED = {
    "Google Docs": (DOCS, "", DOCS_TEXT),
    "Word": (WORD, "", WORD_TEXT),
    "Telegram": (TELEGRAM, "", TELEGRAM_TEXT),
    "a page": (PAGE, "", PAGE_TEXT),
    "plain text": ("", "1 < 2 & R&D &lt; <3", "1 &lt; 2 & R&D &amp;lt; &lt;3"),
    "Telegram's HTML": ("", "Hi <b>you</b>\r\n{first_name}", "Hi <b>you</b>\n{first_name}"),
}
