// To the sign-in page, and back to where one was, once the session has ended: by a run of the page,
// or by itself within seconds, when it was ended elsewhere.
const EVERY = 5000; // milliseconds
let watch = null;

function leave() {
  const here = location.pathname + location.search;
  const base = new URL(".", location.href).pathname;
  const within = `/${here.slice(base.length)}`;
  location.assign(`${base}sign-in?next=${encodeURIComponent(within)}`);
}

async function look() {
  try {
    const answer = await fetch(new URL("signed-in", location.href), { cache: "no-store" });
    if (answer.status === 401) leave();
  } catch {
    // The server does not answer; Streamlit says so, and the next look may reach it.
  }
}

export default function ({ data }) {
  if (data.ended) leave();
  else watch ??= setInterval(look, EVERY);
}
