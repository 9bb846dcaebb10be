/** Who is present: the list, teachers first, and the count. Names are written as text, never as markup. */

import { find, findOptional, initials, setText } from "../lib/dom.js";
import { text } from "../lib/texts.js";

const RANK = { teacher: 0, assistant: 1, student: 2 };

/** @typedef {import("./state.js").Person} Person */

const { lang } = document.documentElement;
const percent = new Intl.NumberFormat(lang, { style: "percent" });
const milliseconds = new Intl.NumberFormat(lang, { style: "unit", unit: "millisecond" });
/** @type {Map<string, HTMLElement>} by person */ const entries = new Map();

/** Shows the roster. @param {import("./state.js").Store} store */
export function startRoster(store) {
  const collator = new Intl.Collator(document.documentElement.lang);
  store.watch((state, previous) => {
    const isSame = state.people === previous.people && state.myId === previous.myId && state !== previous;
    if (isSame && state.troubles === previous.troubles) return;
    if (!isSame) fill(state, collator);
    markTroubles(state);
  });
}

/** @param {import("./state.js").RoomState} state @param {Intl.Collator} collator */
function fill({ people, myId }, collator) {
  const sorted = [...people].sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name));
  entries.clear();
  for (const person of sorted) entries.set(person.id, entry(person, person.id === myId));
  find("#people-list").replaceChildren(...entries.values());
  for (const count of document.querySelectorAll("[data-people-count]")) setText(count, String(sorted.length));
  setText(
    find("#people-sentence"),
    sorted.length === 1 ? text("one_here") : text("many_here", { count: sorted.length }),
  );
}

/**
 * Says at each name what is wrong, in its place: nobody moves.
 * @param {import("./state.js").RoomState} state
 */
function markTroubles({ troubles }) {
  const filter = findOptional("#trouble-filter");
  if (!filter) return;
  const count = Object.values(troubles).filter(isTrouble).length;
  filter.hidden = !count;
  if (!count) filter.setAttribute("aria-pressed", "false");
  else setText(find("#trouble-count"), text(count === 1 ? "trouble_one" : "trouble_many", { count }));
  const isFiltered = filter.getAttribute("aria-pressed") === "true";
  for (const [id, element] of entries) {
    const trouble = troubles[id];
    const place = find(".person__link", element);
    place.hidden = !trouble;
    place.classList.toggle("person__link--calm", trouble?.kind === "choice");
    if (trouble) setText(find(".person__link-text", element), sentence(trouble));
    element.hidden = isFiltered && !(trouble && isTrouble(trouble));
  }
}

/** @param {import("./state.js").Trouble} trouble */
function isTrouble({ kind }) {
  return kind !== "choice";
}

/** @param {import("./state.js").Trouble} trouble */
function sentence({ kind, loss, rtt }) {
  return text(kind === "weak" && !rtt ? "trouble_lossy" : `trouble_${kind}`, {
    loss: percent.format(loss),
    rtt: milliseconds.format(rtt).replace(" ", "\u00a0"),
  });
}

/** Shows only those with trouble, or everybody. @param {import("./state.js").Store} store */
export function toggleFilter(store) {
  const filter = find("#trouble-filter");
  filter.setAttribute("aria-pressed", String(filter.getAttribute("aria-pressed") !== "true"));
  markTroubles(store.state);
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
  const element = find(".person", item);
  element.dataset.personId = person.id;
  return element;
}
