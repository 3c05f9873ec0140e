"""What Streamlit says of itself, to be said in the viewer's language: it knows English alone.

The browser puts the translations in the places of these words (`viewer/document.js`). A text that
ends with a space or with ": " is the beginning of one that goes on, such as "Page 3".
"""

from hsl.words import N_, _, language

EXACT = (
    N_("Sidebar"),
    N_("Collapse sidebar"),
    N_("Expand sidebar"),
    N_("App pages"),
    N_("Navigate to home page"),
    N_("Logo"),
    N_("Link to heading"),
    N_("Open"),
    N_("Close"),
    N_("Clear"),
    N_("Clear all"),
    N_("Clear value"),
    N_("Choose an option"),
    N_("Choose options"),
    N_("No results"),
    N_("Select all"),
    N_("Pagination"),
    N_("Previous page"),
    N_("Next page"),
    N_("Search"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Show data"),
    N_("Download as CSV"),
    N_("Download as PNG"),
    N_("Copy Vega-Lite spec"),
    N_("Show/hide columns"),
    N_("Copy to clipboard"),
    N_("file upload"),
    N_("Upload"),
    N_("Browse files"),
    N_("Drag and drop file here"),
    N_("200MB per file"),
    N_("Press Enter to apply"),
)
BEGINNINGS = {
    "Page ": N_("Page"),
    "Help for ": N_("Help for"),
    "Remove ": N_("Remove"),
    "Show data: ": N_("Show data"),
    "Download as PNG: ": N_("Download as PNG"),
    "Copy Vega-Lite spec: ": N_("Copy Vega-Lite spec"),
    "Fullscreen: ": N_("Fullscreen"),
}


def spoken() -> dict[str, str]:
    """Streamlit's words and ours for them; none where they are the same."""
    if language() == "en":
        return {}
    said = {text: _(text) for text in EXACT}
    return said | {
        text: _(ours) + (": " if text.endswith(": ") else " ") for text, ours in BEGINNINGS.items()
    }
