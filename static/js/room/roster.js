/** Who is present: the list, teachers first, and the count. Names are written as text, never as markup. */

import { find, findOptional, initials, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";

const RANK = { teacher: 0, assistant: 1, student: 2 };
const OPEN = "lectern.people";
/** As wide as the style sheet wants for the panel to stand beside the stage. */
const WIDE = "(min-width: 64rem)";

/** @typedef {import("./state.js").Person} Person */

/** Shows the roster and binds its panel. @param {import("./state.js").Store} store */
export function startRoster(store) {
  const collator = new Intl.Collator(document.documentElement.lang);
  store.watch((state, previous) => {
    if (state.people === previous.people && state.myId === previous.myId && state !== previous) return;
    const people = [...state.people].sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name));
    find("#people-list").replaceChildren(...people.map((person) => entry(person, person.id === state.myId)));
    for (const count of document.querySelectorAll("[data-people-count]"))
      setText(count, String(people.length));
    setText(
      find("#people-sentence"),
      people.length === 1 ? text("one_here") : text("many_here", { count: people.length }),
    );
  });
  const wide = matchMedia(WIDE);
  const fit = () => show(wide.matches && localStorage.getItem(OPEN) !== "no");
  wide.addEventListener("change", fit);
  fit();
  find("#people").addEventListener("keydown", (event) => {
    if (event.key === "Escape") togglePeople();
  });
}

/** Opens or closes the panel; the focus goes into it, and back to its button. */
export function togglePeople() {
  const opens = find("#people").hidden;
  show(opens);
  if (matchMedia(WIDE).matches) localStorage.setItem(OPEN, opens ? "yes" : "no");
  (opens ? find("#people-title") : find("#people-button")).focus();
}

/** @param {boolean} isOpen */
function show(isOpen) {
  find("#people").hidden = !isOpen;
  find("#people-button").setAttribute("aria-expanded", String(isOpen));
  findOptional("#room")?.toggleAttribute("data-people-open", isOpen);
}

/** @param {Person} person */
function rank(person) {
  return RANK[/** @type {keyof typeof RANK} */ (person.role)] ?? 3;
}

/** @param {Person} person @param {boolean} isMe */
function entry(person, isMe) {
  const item = /** @type {DocumentFragment} */ (
    /** @type {HTMLTemplateElement} */ (find("#person-template")).content.cloneNode(true)
  );
  setText(find(".person__initials", item), initials(person.name));
  setText(find(".person__name", item), person.name);
  const notes = [person.role === "student" ? "" : text(`role_${person.role}`), isMe ? text("you") : ""];
  setText(find(".person__note", item), notes.filter(Boolean).join(" · "));
  find(".person", item).dataset.personId = person.id;
  return item;
}
