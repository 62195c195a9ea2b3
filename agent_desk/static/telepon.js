// The demo telephone: dials, keys, hangs up; hears and shows what the exchange tells about its call.
import { describe, STATES } from "./telepon_kata.js";
import { Loudspeaker } from "./telepon_suara.js";

const at = (id) => document.getElementById(id);
const speaker = new Loudspeaker();
const pad = [...document.querySelectorAll("[data-digit]")];
const SENTENCE_END = /[.?!]$/;

let call = null; // {sid, first, source, connectedAt, pressed, told}
let last = null; // the call before: its telephone is rung when the caller is called back
let ringing = ""; // the call that rings now
let keysSent = Promise.resolve(); // one request after the other: keys arrive in the order they were pressed

const two = (n) => String(Math.floor(n)).padStart(2, "0");
const running = (ms) => `${two(ms / 60000)}.${two((ms / 1000) % 60)}`;
const clock = (ms) => new Date(ms).toLocaleTimeString("id-ID", { hour12: false }).replaceAll(":", ".");

async function post(path, body) {
  const answer = await fetch(`/telepon${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.title || "Server belum menjawab. Coba lagi sebentar.");
  }
  return answer.status === 204 ? null : answer.json();
}

function say(text) {
  at("kabar").textContent = text;
}

// --- lists
function line(list, text, cls, stamp) {
  const item = document.createElement("li");
  const time = document.createElement("span");
  time.className = "ts";
  time.textContent = stamp;
  const words = document.createElement("span");
  words.textContent = text;
  item.append(time, words);
  item.className = cls;
  list.append(item);
  list.parentElement.scrollTop = list.parentElement.scrollHeight;
  return item;
}

function stamp() {
  return call?.connectedAt ? running(Date.now() - call.connectedAt) : "00.00";
}

function calm() {
  for (const item of document.querySelectorAll("#ucapan .now-s")) {
    item.className = "past";
    item.removeAttribute("aria-current");
    const time = item.querySelector(".ts");
    time.textContent = time.textContent.replace(" · sedang diucapkan", "");
  }
}

function caption(text) {
  const current = document.querySelector("#ucapan .now-s span:last-child");
  if (current && !SENTENCE_END.test(current.textContent)) {
    current.textContent += ` ${text}`; // a sentence with a value in it comes in pieces
    at("gulungan").scrollTop = at("gulungan").scrollHeight;
    return;
  }
  calm();
  line(at("ucapan"), text, "now-s", `${stamp()} · sedang diucapkan`).setAttribute("aria-current", "true");
}

function offers(keys) {
  const list = at("pilihan");
  list.replaceChildren();
  for (const button of pad) button.querySelector("small").textContent = "";
  for (const { key, label } of keys) {
    const item = document.createElement("li");
    const cap = document.createElement("b");
    cap.textContent = key;
    if (key === "9") cap.className = "hot";
    const words = document.createElement("span");
    words.textContent = label;
    item.append(cap, words);
    list.append(item);
    const small = pad.find((button) => button.dataset.digit === key)?.querySelector("small");
    if (small) small.textContent = label.split(/[ ,]/)[0].toLowerCase().slice(0, 11);
  }
  if (!keys.length) list.innerHTML = "<li><b>–</b><span>Belum ada</span></li>";
}

function behind(event) {
  const told = describe(event);
  if (!told) return;
  const list = at("peristiwa");
  for (const old of list.querySelectorAll(".latest")) old.classList.remove("latest");
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = clock(event.at);
  const words = document.createElement("span");
  const code = document.createElement("code");
  code.textContent = told.code;
  words.append(told.words, document.createElement("br"), code);
  const aside = document.createElement("span");
  aside.className = "muted nw";
  aside.textContent = told.aside ?? "";
  item.append(time, words, aside);
  item.className = "latest";
  list.append(item);
  list.scrollTop = list.scrollHeight;
}

// --- the state of the line
function state(name, words) {
  at("saluran").dataset.state = name;
  at("saluran").dataset.words = words;
  at("saluran").textContent = words;
  const idle = name === "idle";
  at("panggil").classList.toggle("idle", idle);
  at("panggil").querySelector("span").textContent = idle ? "Panggil 123" : "Tutup telepon";
  at("sebagai").disabled = at("nomor").disabled = !idle;
}

function over(words) {
  call?.source.close();
  speaker.stop();
  calm();
  offers([]);
  if (call) line(at("ucapan"), words, "past", stamp());
  last = call ?? last;
  call = null;
  if (at("keadaan").textContent !== STATES["call.callback"]) at("keadaan").textContent = "Selesai";
  state("idle", "○ Tidak tersambung");
  say(words);
}

setInterval(() => {
  if (call?.connectedAt) at("saluran").textContent = `● Tersambung ${running(Date.now() - call.connectedAt)}`;
}, 500);

// The promise of the product: the caller knows cause, extent and time within half a minute.
function measure(event) {
  if (call.told || !/padam|gangguan/i.test(event.text) || !/pukul|perkiraan|menyala|menyusul/i.test(event.text)) return;
  if (/tekan/i.test(event.text)) return;
  call.told = true;
  const seconds = Math.round((event.at - call.connectedAt) / 1000 + event.seconds);
  at("waktu").hidden = false;
  at("detik").textContent = `${seconds} detik`;
  at("batas").textContent = seconds <= 30 ? "✓ di bawah 30 detik" : "▲ di atas 30 detik";
  at("batas").className = `chip ${seconds <= 30 ? "ok" : "warn"}`;
}

const hear = {
  state(event) {
    if (event.status === "in-progress") {
      call.connectedAt = event.at;
      state("talking", "● Tersambung 00.00");
    } else if (event.status === "busy") say("Saluran penuh.");
  },
  say(event) {
    caption(event.text);
    offers(event.keys);
    measure(event);
    speaker.speak(event.audio, event.seconds);
  },
  play(event) {
    calm();
    speaker.music(event.audio);
  },
  barge: () => speaker.stop(),
  fetch: () => speaker.endMusic(),
  meet(event) {
    speaker.stop();
    calm();
    offers([]);
    if (event.members > 1) {
      line(at("ucapan"), "Anda tersambung dengan petugas. Suara dua arah ada pada make run-asterisk.", "past", stamp());
      at("keadaan").textContent = "Bicara";
    }
  },
  journal(event) {
    at("keadaan").textContent = STATES[event.event] ?? at("keadaan").textContent;
    if (event.queue) at("antrean").textContent = event.queue;
    if (event.data.level !== undefined) {
      at("level").textContent = event.data.level ? `Lonjakan level ${event.data.level}` : "Tenang, level 0";
      at("level").className = `end chip ${event.data.level > 1 ? "warn" : "ok"}`;
    }
  },
  over: () => over("Panggilan selesai."),
};

// --- what a person does
async function dial() {
  for (const id of ["ucapan", "peristiwa"]) at(id).replaceChildren();
  at("waktu").hidden = true;
  at("kosong").hidden = true;
  at("ditekan").textContent = "belum ada";
  at("antrean").textContent = "–";
  speaker.wake();
  state("ringing", "◎ Memanggil…");
  try {
    const made = await post("/panggil", { number: at("sebagai").value, dialled: at("nomor").value });
    listen(made.call, made.call);
  } catch (error) {
    state("idle", "○ Tidak tersambung");
    line(at("ucapan"), error.message, "past", "00.00");
  }
}

// `first` is the call that the caller made: its story goes on when we call back.
function listen(sid, first) {
  call = { sid, first, connectedAt: 0, pressed: "", told: false };
  ringing = "";
  call.source = new EventSource(`/telepon/${sid}/aliran?first=${first}`);
  call.source.onmessage = (message) => {
    if (!call) return;
    const event = JSON.parse(message.data);
    hear[event.kind]?.(event);
    behind(event);
  };
  call.source.onerror = () => {
    if (call) over("Sambungan ke server putus. Tekan Panggil 123 untuk menelepon lagi.");
  };
}

function rings(sid) {
  if (sid === ringing) return;
  ringing = sid;
  if (call) return;
  state(sid ? "ringing" : "idle", sid ? "◎ Berdering, 123 menelepon kembali" : "○ Tidak tersambung");
  if (sid) at("panggil").querySelector("span").textContent = "Angkat telepon";
  at("panggil").classList.toggle("idle", true);
  say(sid ? "Telepon berdering: 123 menelepon kembali." : "");
}

async function pickUp() {
  const sid = ringing;
  ringing = "";
  try {
    await post(`/${sid}/angkat`);
    state("ringing", "◎ Menyambung…");
    listen(sid, last.first);
  } catch (error) {
    state("idle", "○ Tidak tersambung");
    say(error.message);
  }
}

// A demo needs no more than a look now and then: the telephone rings for half a minute.
setInterval(async () => {
  if (call || !last) return;
  const answer = await fetch(`/telepon/${last.first}/kembali`).catch(() => null);
  if (answer?.ok && !call) rings((await answer.json()).call);
}, 2000);

function press(digit) {
  const button = pad.find((candidate) => candidate.dataset.digit === digit);
  button.classList.add("down");
  setTimeout(() => button.classList.remove("down"), 150);
  speaker.tone(digit);
  if (!call) return;
  call.pressed += digit;
  at("ditekan").textContent = call.pressed.slice(-13);
  line(at("ucapan"), digit, "you", stamp());
  const path = `/${call.sid}/angka`;
  keysSent = keysSent.then(() => post(path, { digit })).catch((error) => say(error.message));
}

for (const button of pad) button.addEventListener("click", () => press(button.dataset.digit));
at("panggil").addEventListener("click", () => {
  if (!call && ringing) pickUp();
  else if (!call) dial();
  else post(`/${call.sid}/tutup`).catch(() => over("Panggilan selesai."));
});
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("select, input, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (/^[0-9*#]$/.test(event.key)) {
    event.preventDefault();
    press(event.key);
  }
});
at("suara").addEventListener("change", () => speaker.mute(!at("suara").checked));
at("teks").addEventListener("change", () => at("ucapan").classList.toggle("off", !at("teks").checked));
at("nomor").addEventListener("change", () => {
  at("tujuan").textContent = at("nomor").selectedOptions[0].textContent.split(" ")[0];
});

fetch("/telepon/contoh")
  .then((answer) => answer.json())
  .then((samples) => {
    at("sebagai").replaceChildren(
      ...samples.map((sample) => new Option(`${sample.shown} · ${sample.label}`, sample.number)),
      new Option("Nomor disembunyikan", ""),
    );
  })
  .catch(() => say("Contoh penelepon belum bisa dimuat."));
