// The crew's telephone: where it is goes to the command centre, and what it was given appears by itself.
const EVERY = 60_000; // ms between two positions
const LOOK = 20_000; // ms between two looks for new work
const FIX = { enableHighAccuracy: true, maximumAge: 15_000, timeout: 20_000 };
const csrf = document.querySelector("meta[name=csrf]").content;
const told = () => document.querySelector("[data-posisi]"); // not there: this crew tells no position

function say(sentence) {
  const line = told();
  if (line) line.textContent = sentence;
}

async function send({ coords }) {
  const body = new URLSearchParams({ lat: coords.latitude, lon: coords.longitude });
  try {
    const answer = await fetch("/regu/posisi", { method: "POST", body, headers: { "X-CSRF-Token": csrf, Accept: "application/json" } });
    const found = await answer.json();
    say(answer.ok ? found.said : found.title);
  } catch {
    say("Posisi belum terkirim: jaringan tidak ada. Dicoba lagi sebentar lagi.");
  }
}

function refused(fault) {
  say(fault.code === fault.PERMISSION_DENIED ? "Posisi tidak terkirim: izinkan lokasi untuk halaman ini." : "Posisi belum ditemukan. Dicoba lagi sebentar lagi.");
}

function locate() {
  if (told()) navigator.geolocation?.getCurrentPosition(send, refused, FIX);
}

// Somebody who is writing, or has opened something, is not interrupted.
const busy = () => document.querySelector("details[open]") || document.activeElement?.matches("input, textarea") || [...document.querySelectorAll("input.inp, input[type=radio]")].some((one) => (one.type === "radio" ? one.checked : one.value));

async function look() {
  if (document.hidden || busy()) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (busy()) return; // begun meanwhile
    const line = told()?.textContent;
    for (const id of ["kerja", "tindakan"]) {
      const fresh = page.getElementById(id);
      if (fresh && fresh.outerHTML !== document.getElementById(id).outerHTML) document.getElementById(id).replaceWith(fresh);
    }
    if (line) say(line);
  } catch {
    // The next look comes soon.
  }
}

locate();
setInterval(locate, EVERY);
setInterval(look, LOOK);
document.addEventListener("visibilitychange", () => {
  locate();
  look();
});
