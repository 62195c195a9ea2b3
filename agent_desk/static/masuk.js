// The login page: show the password, tell of Caps Lock.
const password = document.getElementById("p");
const button = document.getElementById("lihat");
const caps = document.getElementById("caps");

button.addEventListener("click", () => {
  const shown = password.type === "text";
  password.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
});

if (caps) {
  for (const field of document.querySelectorAll("input")) {
    field.addEventListener("keyup", (event) => {
      caps.hidden = !event.getModifierState("CapsLock");
    });
  }
}
