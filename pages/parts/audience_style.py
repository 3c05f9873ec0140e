"""How the Audience page is laid out: three columns where there is room, else two, else one."""

import streamlit as st

CSS = """<style>
@media (min-width:769px){.stMainBlockContainer{padding-left:2.4rem;padding-right:2.4rem}}
.st-key-builder .stButton button{height:auto;min-height:0;text-align:left}
.st-key-builder .stButton button *{white-space:normal;overflow:visible;text-overflow:clip;
overflow-wrap:anywhere}
[class*="st-key-gone-"] [data-testid="stMarkdownContainer"],
[class*="st-key-entry-"] [data-testid="stMarkdownContainer"]{position:absolute;width:1px;
height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.st-key-stream [data-testid="stMultiSelectTagsContainer"]{flex-wrap:wrap;overflow:visible;
min-width:0}
.st-key-stream .react-aria-ComboBox>div{height:auto;max-height:none;max-width:100%}
.st-key-stream input{min-width:0}
.hsl-line-of-tray{display:grid;grid-template-columns:.8rem 1fr auto;gap:0 .4rem;
font-size:.9rem;line-height:1.35;padding-top:.25rem;font-variant-numeric:tabular-nums}
.hsl-line-of-tray>span{overflow-wrap:anywhere;min-width:0}
.hsl-line-of-tray>.hsl-dim{grid-column:2/-1}
@media (min-width:641px) and (max-width:1099px){
.st-key-audience>[data-testid="stLayoutWrapper"]>[data-testid="stHorizontalBlock"]
{flex-wrap:wrap}
.st-key-audience>[data-testid="stLayoutWrapper"]>[data-testid="stHorizontalBlock"]
>[data-testid="stColumn"]{flex:1 1 calc(50% - 1rem);min-width:calc(50% - 1rem)}
.st-key-audience>[data-testid="stLayoutWrapper"]>[data-testid="stHorizontalBlock"]
>[data-testid="stColumn"]:nth-child(2){order:3;flex-basis:100%}}
</style>"""


def draw() -> None:
    """Put the layout on the page."""
    st.html(CSS)
