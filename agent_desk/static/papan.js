// The board. Figures come whole, at most four times a second; ages are counted here from the server's instants.
import { showRefusals } from "./isian.js";

const $ = (id) => document.getElementById(id);
let view = JSON.parse($("awal").textContent);
let skew = view.now - Date.now();
let heard = 0; // when the stream last spoke, our clock
let stopped = "";

const clock = (ms) => {
  const total = Math.max(0, Math.floor(ms / 1000));
  const pad = (n) => String(n).padStart(2, "0");
  return total >= 3600 ? `${Math.floor(total / 3600)}.${pad(Math.floor(total / 60) % 60)}.${pad(total % 60)}` : `${pad(Math.floor(total / 60))}.${pad(total % 60)}`;
};
const wib = (ms) => new Date(ms + 7 * 3600e3).toISOString().slice(11, 19).replaceAll(":", ".");
const put = (id, text) => {
  const node = $(id);
  if (node && node.textContent !== String(text)) node.textContent = text;
};
const cell = (text, css = "") => Object.assign(document.createElement("td"), { textContent: text, className: css });

function show() {
  if (!view.known) return;
  const { calls, csos, lines } = view;
  put("saluran", lines.used);
  put("saluran-semua", lines.all);
  put("saluran-bebas", Math.max(0, lines.all - lines.used));
  put("saluran-darurat", lines.emergency);
  put("saluran-chip", `${Math.round((100 * lines.used) / lines.all)} %`);
  for (const state of ["talking", "waiting", "ivr", "partner"]) {
    const count = { waiting: calls.waiting + calls.offered + calls.moving, talking: calls.talking + calls.calling }[state] ?? calls[state];
    put(`n-${state}`, count);
    $(`t-${state}`).style.width = `${(100 * count) / lines.all}%`;
  }
  $("takaran").setAttribute("aria-label", `${lines.used} dari ${lines.all} saluran: ${calls.talking} bicara, ${calls.waiting + calls.offered} antre, ${calls.ivr} mendengar, ${calls.partner} ke mitra.`);
  put("menunggu", calls.waiting);
  put("menunggu-sub", view.callbacks ? `di antrean, dan ${view.callbacks} telepon balik` : "di antrean");
  put("bicara", csos.talking);
  put("bicara-sub", `dari ${view.staff} CSO`);
  put("siap", csos.ready);
  put("dering", csos.offered);
  put("mitra", calls.partner);
  put("mitra-sub", `dari ${view.partners.reduce((sum, one) => sum + one.cap, 0)} kursi`);
  put("wrapup", csos.wrap_up);
  put("istirahat", csos.paused);
  put("tidakjawab", csos.not_answering);
  put("mendengar", calls.ivr);
  put("darurat", view.emergency);
  put("level", view.level);
  put("level-sub", view.level_word);
  mark("ubin-darurat", view.emergency > 0 ? "bad" : "");
  mark("ubin-tidakjawab", csos.not_answering > 0 ? "warn" : "");
  showPartners();
  showGrid();
  ages();
}

function mark(id, css) {
  $(id).classList.toggle("bad", css === "bad");
  $(id).classList.toggle("warn", css === "warn");
}

function showPartners() {
  $("mitra-baris").replaceChildren(
    ...view.partners.map((one) => {
      const row = document.createElement("tr");
      const state = cell("");
      if (one.word) state.append(Object.assign(document.createElement("span"), { className: `chip ${one.css}`, textContent: one.word }));
      row.append(cell(one.title, "b"), state, cell(`${one.now} / ${one.cap}`, "r nw"));
      return row;
    }),
  );
}

// Cells are kept and changed in place; the order changes only while nobody is at the grid.
function showGrid() {
  const grid = $("cso");
  const old = new Map([...grid.children].map((node) => [node.dataset.id, node]));
  const nodes = view.grid.map((one) => {
    const node = old.get(one.id) ?? newCell(one.id);
    old.delete(one.id);
    node.className = `ag ${one.cell}`;
    node.dataset.since = one.since;
    node.dataset.long = one.long_ms;
    node.querySelector(".s").textContent = one.telephone ? one.glyph : "☎";
    node.querySelector(".w").textContent = `, ${one.telephone ? one.word : `${one.word}, telepon tidak terjangkau`}, `;
    node.title = `${one.id}: ${one.word}${one.telephone ? "" : ", telepon tidak terjangkau"}`;
    return node;
  });
  old.forEach((node) => node.remove());
  const busy = grid.matches(":hover") || grid.contains(document.activeElement);
  if (!busy) nodes.forEach((node, at) => grid.children[at] !== node && grid.insertBefore(node, grid.children[at] ?? null));
  else nodes.filter((node) => !node.parentNode).forEach((node) => grid.append(node));
  put("cso-n", view.staff);
  $("cso-kosong").hidden = view.staff > 0;
}

function newCell(id) {
  const node = document.createElement("div");
  node.dataset.id = id;
  node.setAttribute("role", "listitem");
  for (const [tag, css, text] of [["span", "", id], ["span", "s", ""], ["span", "vh w", ""], ["em", "", ""]]) {
    node.append(Object.assign(document.createElement(tag), { className: css, textContent: text }));
  }
  node.querySelector(".s").setAttribute("aria-hidden", "true");
  return node;
}

// What grows with time.
function ages() {
  const now = Date.now() + skew;
  put("jam", `${wib(now)} WIB`);
  if (!view.known) return;
  put("terlama", view.waiting_since ? clock(now - view.waiting_since) : "–");
  const limit = Math.max(0, ...view.queues.map((queue) => queue.limit_ms));
  mark("ubin-terlama", view.waiting_since && limit && now - view.waiting_since > limit ? "bad" : "");
  $("antrean").replaceChildren(
    ...view.queues.map((queue) => {
      const row = document.createElement("tr");
      row.append(cell(queue.title, "b nw"), cell(queue.waiting, "r"), cell(queue.since ? clock(now - queue.since) : "–", "r nw"), cell(queue.talking, "r"), cell(`${queue.ready} / ${queue.serving}`, "r"));
      return row;
    }),
  );
  for (const node of $("cso").children) {
    const span = now - Number(node.dataset.since);
    const long = Number(node.dataset.long) > 0 && span > Number(node.dataset.long);
    node.classList.toggle("long", long);
    node.querySelector("em").textContent = clock(span) + (long ? " ▲" : "");
  }
  const quiet = Date.now() - heard;
  put("segar", stopped || (heard && quiet < 5000 ? "Langsung" : `Data berhenti ${wib(heard ? heard + skew : now)}`));
}

const source = new EventSource("/papan/aliran");
source.addEventListener("board", (event) => {
  view = JSON.parse(event.data);
  skew = view.now - Date.now();
  heard = Date.now();
  stopped = view.known ? "" : "Server telepon belum menjawab";
  show();
});
source.addEventListener("lost", () => (stopped = "Server telepon tidak menjawab"));
// Not while somebody writes there or is about to press a button, nor over what was written and not yet sent.
const changed = (field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked;
const busy = (card) => card.contains(document.activeElement) || [...card.querySelectorAll("textarea, input")].some(changed);
const refresh = (id) => busy($(id)) || window.htmx.ajax("GET", `/papan/${id}`, { target: `#${id}`, swap: "innerHTML" });
source.addEventListener("news", () => refresh("padam"));
source.addEventListener("alerts", () => refresh("peringatan"));
document.addEventListener("htmx:beforeSwap", (event) => {
  // Begun while the news was on its way.
  if (event.detail.requestConfig.verb === "get" && busy(event.detail.target)) event.detail.shouldSwap = false;
});
source.addEventListener("bye", () => location.assign("/masuk"));

// News that was not fetched is told at the top of the page; only what someone sent is told in the form.
showRefusals((_, event) => event.detail.requestConfig.verb === "get");
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.successful && event.detail.requestConfig.verb === "post") event.target.closest("form")?.reset();
});

setInterval(ages, 500);
show();
