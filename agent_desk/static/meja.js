// The desk. The server owns the state; this file shows it, asks for changes, and never guesses.
import { showRefusals } from "./isian.js";

const body = document.body;
const login = body.dataset.login;
const softphone = body.dataset.softphone === "1";
const csrf = document.querySelector('meta[name="csrf"]').content;
const $ = (id) => document.getElementById(id);

let desk = null; // the last view the server sent
let skew = 0; // server clock minus ours, ms
let shown = body.dataset.call; // the call whose card is on the page
let waiting = { count: 0, since: 0 };
let lostSince = 0; // ms; 0 = connected
let retryAt = 0;
let source = null;

const post = (url, data = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "X-CSRF-Token": csrf, Accept: "application/json" },
    body: new URLSearchParams(data),
  });

const clock = (ms) => {
  const total = Math.max(0, Math.floor(ms / 1000));
  const pad = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const rest = `${pad(Math.floor(total / 60) % 60)}.${pad(total % 60)}`;
  return hours ? `${hours}.${rest}` : rest;
};
const timeOfDay = (ms) => {
  const there = new Date(ms + 7 * 3600e3); // WIB
  return there.toISOString().slice(11, 19).replaceAll(":", ".");
};

// --- showing

function show(view) {
  const before = desk;
  desk = view;
  skew = view.now - Date.now();
  body.dataset.state = view.state;
  $("keadaan").className = `l1 ${view.css}`;
  $("kata").textContent = view.word;
  $("sesudah").textContent = view.next ? `Sesudah ini: ${view.next}` : view.reason || "Ubah status";
  if (view.line) $("nomor").textContent = view.line.number;
  else if (!view.call) $("nomor").textContent = "Tidak ada panggilan";
  showKeys(view);
  showCall(view);
  announce(before, view);
  tick();
}

function key(button, allowed, reason) {
  const name = button.textContent.trim();
  button.setAttribute("aria-disabled", String(!allowed));
  button.title = allowed ? `${name} (${button.getAttribute("aria-keyshortcuts").replaceAll("Control", "Ctrl")})` : `${name}: ${reason}`;
}

function showKeys(view) {
  const ringing = view.state === "offered";
  const talking = view.state === "talking";
  const none = "tidak ada panggilan";
  key($("jawab"), ringing && softphone, ringing ? "jawab di telepon" : talking ? "sudah dijawab" : none);
  key($("akhiri"), talking && softphone, talking ? "tutup di telepon" : ringing ? "jawab dulu; panggilan tidak bisa ditolak" : none);
  $("jawab").classList.toggle("ring", ringing && softphone);
  key($("tahan"), talking && !view.line?.callback, talking ? "pelanggan belum tersambung" : none);
  $("tahan").setAttribute("aria-pressed", String(talking && !!view.line?.held));
}

function showCall(view) {
  if (view.call !== shown && !(shown === "tanpa" && !view.call)) {
    shown = view.call;
    load(view.call ? `/meja/panggilan/${view.call}` : "/meja/kosong");
  }
  decorate();
}

// What depends on the state inside the card; called after every swap too.
function decorate() {
  if (!desk) return;
  $("putusan")?.classList.toggle("is-ring", desk.state === "offered");
  const wrap = $("kartu-wrapup");
  if (wrap) wrap.hidden = desk.state !== "wrap_up";
  const invite = $("ajakan");
  if (invite) invite.textContent = desk.state === "ready" ? "Siap menerima" : desk.state === "not_answering" ? "Panggilan tadi tidak terjawab" : desk.state === "wrap_up" ? "Selesaikan hasil panggilan" : "Anda belum menerima panggilan";
}

function load(url) {
  // The page may be older than htmx's loading; plain fetch would lose its behaviours.
  window.htmx.ajax("GET", url, { target: "#panggilan", swap: "innerHTML" });
}

function announce(before, view) {
  if (before && before.word === view.word && before.call === view.call) return;
  const ringing = view.state === "offered";
  const from = !view.line ? "" : view.line.callback ? `, telepon balik ke ${view.line.number}` : ` dari ${view.line.number}`;
  $(ringing ? "ucap-segera" : "ucap").textContent = ringing ? `Panggilan masuk${from}` : `Status: ${view.word}`;
  document.title = ringing ? "Berdering · Suar" : `${view.word} · Suar`;
}

function tick() {
  if (!desk) return;
  const now = Date.now() + skew;
  $("sejak").textContent = desk.since ? clock(now - desk.since) : "";
  $("baris2").textContent = lineTwo(now);
  if ($("sisa")) $("sisa").textContent = desk.wrap_until ? clock(desk.wrap_until - now) : "";
  if ($("tunggu")) $("tunggu").textContent = String(waiting.count);
  if ($("terlama")) $("terlama").textContent = waiting.since ? clock(now - waiting.since) : "–";
  if (lostSince) showLost();
}

function lineTwo(now) {
  const line = desk.line;
  if (!desk.known) return "Belum tercatat di antrean";
  if (!desk.telephone) return "Telepon Anda tidak terdaftar: belum bisa menerima";
  if (line?.callback && desk.state === "talking") return `${line.queue} · telepon balik, telepon pelanggan berdering`;
  if (line?.callback && desk.state === "offered") return `${line.queue} · telepon balik · antre ${clock(line.offered - line.queued)}`;
  if (line && desk.state === "offered") return `${line.emergency ? "Darurat · " : ""}${line.queue} · antre ${clock(line.offered - line.queued)}`;
  if (line?.held && desk.state === "talking") return `${line.queue} · ditahan ${clock(now - line.held)}`;
  if (line && desk.state === "talking") return `${line.emergency ? "Darurat · " : ""}${line.queue} · bicara ${clock(now - line.answered)}`;
  if (desk.call) return "Panggilan selesai · pilih hasil";
  return waiting.count ? `${waiting.count} menunggu` : "Tidak ada yang menunggu";
}

// --- the stream

function connect() {
  source?.close();
  source = new EventSource("/meja/aliran");
  const take = (event) => {
    found();
    show(JSON.parse(event.data).desk);
  };
  source.addEventListener("snapshot", take);
  source.addEventListener("entry", (event) => {
    take(event);
    const entry = JSON.parse(event.data).entry;
    if (entry.event === "call.noted" && entry.call === shown) refresh("#didengar");
  });
  source.addEventListener("waiting", (event) => {
    waiting = JSON.parse(event.data);
    tick();
  });
  source.addEventListener("news", showNews);
  source.addEventListener("lost", () => lost());
  source.addEventListener("bye", () => location.assign("/masuk"));
  source.onerror = () => {
    lost();
    if (source.readyState === EventSource.CLOSED) retryAt = Date.now() + 4000;
  };
}

function lost() {
  if (!lostSince) lostSince = Date.now();
  showLost();
}

function found() {
  if (!lostSince) return;
  lostSince = 0;
  $("luring").hidden = true;
  showNews();
}

function showLost() {
  $("luring-lama").textContent = `Sambungan ke server putus ${Math.floor((Date.now() - lostSince) / 1000)} detik.`;
  $("luring-per").textContent = timeOfDay(lostSince + skew);
  $("luring-ulang").textContent = retryAt > Date.now() ? `Coba lagi otomatis, ${Math.ceil((retryAt - Date.now()) / 1000)} d` : "Mencoba lagi…";
  $("luring").hidden = false;
  if (retryAt && retryAt <= Date.now()) {
    retryAt = 0;
    connect();
  }
}

function showNews() {
  const where = new URLSearchParams({ area: "", ...$("pita")?.dataset });
  window.htmx.ajax("GET", `/meja/pernyataan?${where}`, { target: "#pernyataan", swap: "innerHTML" });
}

// One part of the card anew, the rest (and what is being typed) untouched.
function refresh(part) {
  if (!document.querySelector(part)) return; // the card is still on its way, and will hold it
  window.htmx.ajax("GET", `/meja/panggilan/${shown}`, { target: part, select: part, swap: "outerHTML" });
}

function say(text) {
  $("kabar").textContent = text;
  $("kabar").hidden = false;
  setTimeout(() => ($("kabar").hidden = true), 7000);
}

// --- the telephone of the demo

async function leg(verb) {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    const answer = await post(`/telepon/kaki/${login}/${verb}`);
    if (answer.ok) return;
    // The pop comes before the ring: the leg may need a moment to exist.
    if (answer.status !== 404) break;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  say(verb === "jawab" ? "Belum tersambung: telepon Anda belum berdering. Coba sekali lagi." : "Telepon sudah tidak tersambung.");
}

function press(button, action) {
  if (button.getAttribute("aria-disabled") === "true") {
    $("ucap").textContent = button.title;
    return;
  }
  action();
}

let lastHangUp = 0;
const answerCall = () => press($("jawab"), () => leg("jawab"));
const endCall = () =>
  press($("akhiri"), () => {
    if (Date.now() - lastHangUp < 1000) return; // a second press within a second is the same press
    lastHangUp = Date.now();
    leg("tutup");
  });
const hold = () =>
  press($("tahan"), async () => {
    const verb = desk.line.held ? "resume" : "hold";
    const answer = await post(`/api/v1/calls/${desk.call}/${verb}`);
    if (!answer.ok) say(verb === "hold" ? "Belum bisa ditahan. Coba sekali lagi." : "Belum bisa dilepas. Coba sekali lagi.");
  });
$("tahan").addEventListener("click", hold);
$("jawab").addEventListener("click", answerCall);
$("akhiri").addEventListener("click", endCall);
$("coba").addEventListener("click", connect);
$("pintasan").addEventListener("click", () => $("lembar").showModal());

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("input,textarea,select");
  if (event.ctrlKey && event.shiftKey && event.code === "KeyJ") answerCall();
  else if (event.ctrlKey && event.shiftKey && event.code === "KeyA") endCall();
  else if (event.ctrlKey && event.shiftKey && event.code === "KeyH") hold();
  else if (event.ctrlKey && event.key === "Enter" && $("flapor")) $("flapor").requestSubmit();
  else if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach((menu) => (menu.open = false));
  else if (event.key === "?" && !field && !event.ctrlKey) $("lembar").showModal();
  else return;
  if (event.key !== "Escape") event.preventDefault();
});
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});

// --- drafts: what is typed stays in this tab until it is saved

const draftKey = (form) => `draf:${form.dataset.draf}`;
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.dataset.draf) return;
  const keep = ["gangguan", "telepon", "keterangan"].map((name) => [name, form.elements[name].value]);
  sessionStorage.setItem(draftKey(form), JSON.stringify(Object.fromEntries(keep)));
  $("draf").textContent = `draf tersimpan ${timeOfDay(Date.now() + skew)}`;
});
function restoreDraft() {
  const form = $("flapor");
  const kept = form && sessionStorage.getItem(draftKey(form));
  if (!kept) return;
  for (const [name, value] of Object.entries(JSON.parse(kept))) form.elements[name].value = value;
}

// --- htmx

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "panggilan") restoreDraft();
  if (["panggilan", "pita"].includes(event.detail.target.id)) showNews();
  if (document.getElementById("tersimpan") && event.detail.target.id === "hasil-laporan") sessionStorage.removeItem(`draf:${shown || "tanpa"}`);
  decorate();
  tick();
});
showRefusals((sentence, event) => {
  if (event.type === "htmx:sendError") lost();
  else say(sentence);
  return true;
});
document.addEventListener("htmx:afterRequest", (event) => {
  // Only its own request closes a menu: the page asks for news by itself while someone chooses.
  const menu = event.detail.successful && event.detail.elt.closest("details.menu[open]");
  if (menu) menu.open = false;
});

setInterval(tick, 500);
connect();
