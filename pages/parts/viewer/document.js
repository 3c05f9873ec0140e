// The document's language, also in Streamlit's own way past the navigation, and each document that
// is read in the help begun at its beginning.
let reading = null;

export default function ({ data }) {
  document.documentElement.lang = data.language;
  const skip = document.querySelector('[data-testid="stSkipToContent"]')?.firstChild;
  // Its text alone changes: the node belongs to Streamlit.
  if (skip) skip.nodeValue = data.skip;
  if (reading !== data.reading) {
    reading = data.reading;
    document.querySelector(".st-key-hsl-help")?.scrollTo(0, 0);
  }
}
