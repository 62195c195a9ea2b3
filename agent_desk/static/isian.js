// What a form is told of what was sent: at the field that was refused, else above its button.
const NO_ANSWER = "Belum terkirim: server belum menjawab. Isian tetap di sini; kirim lagi sebentar lagi.";

// A refused field says so where it is, until it is changed or sent again.
function refuse(field, sentence) {
  accept(field);
  const told = document.createElement("span");
  told.className = "msg";
  told.id = `galat-${field.id || field.name}`;
  told.setAttribute("role", "alert");
  told.textContent = `▲ ${sentence}`;
  field.closest(".f").classList.add("err");
  field.closest(".f").append(told);
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", told.id);
  field.focus();
}

function accept(field) {
  document.getElementById(field.getAttribute("aria-describedby") ?? "")?.remove();
  field.closest(".f")?.classList.remove("err");
  field.removeAttribute("aria-invalid");
  field.removeAttribute("aria-describedby");
}

// What belongs to no field; "" takes it away.
function tell(form, sentence) {
  form.querySelector(":scope > .galat")?.remove();
  if (!sentence) return;
  const told = Object.assign(document.createElement("p"), { className: "note bad galat", textContent: sentence });
  told.setAttribute("role", "alert");
  form.querySelector(":scope > [type=submit]").before(told);
}

// Shows every refusal of this page. What `elsewhere` takes ((sentence, event) → true) is not shown in the form.
export function showRefusals(elsewhere = () => false) {
  const otherwise = (event, sentence) => {
    if (elsewhere(sentence, event)) return;
    const form = event.detail.elt.closest("form");
    if (form) tell(form, sentence);
  };
  document.addEventListener("htmx:beforeSwap", (event) => {
    // A refusal that names its own place is a question to the person, and is shown there.
    if (!event.detail.xhr.getResponseHeader("HX-Retarget")) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
  document.addEventListener("htmx:responseError", (event) => {
    const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    const sentence = page.querySelector("b")?.textContent ?? "Server belum bisa menerima. Coba lagi.";
    const named = event.detail.elt.elements?.namedItem(page.querySelector("[data-field]")?.dataset.field ?? "");
    const field = named instanceof RadioNodeList ? named[0] : named;
    if (field?.closest?.(".f") && field.type !== "hidden") refuse(field, sentence);
    else otherwise(event, sentence);
  });
  document.addEventListener("htmx:sendError", (event) => otherwise(event, NO_ANSWER));
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt;
    for (const field of form.elements ?? []) if (field.getAttribute("aria-invalid")) accept(field);
    if (form.elements) tell(form, "");
  });
  document.addEventListener("input", (event) => event.target.getAttribute("aria-invalid") && accept(event.target));
}
