/** Who is present: the list, teachers first, and the count. Names are written as text, never as markup. */

import { find, findOptional, initials, setText } from "../lib/dom.js";
import { make } from "../lib/make.js";
import { Menu } from "../lib/menu.js";
import { text } from "../lib/texts.js";

const RANK = { teacher: 0, assistant: 1, student: 2 };
/** From so many on the list has a field to search it by. */
const SEARCHED_FROM = 16;
const MENU_GAP = 4;

/**
 * @typedef {import("./state.js").Person} Person
 * @typedef {import("./state.js").RoomState} RoomState
 * @typedef {object} PersonEntry an entry of the menu that the staff have for each person
 * @property {string} name of the entry, and the key of its sentence: `person_<name>`
 * @property {boolean} [isDanger]
 * @property {(state: RoomState, person: Person) => boolean} isOffered
 * @property {(person: Person) => unknown} act what throws is said
 * @typedef {{addEntry: (entry: PersonEntry) => void}} People
 */

const { lang } = document.documentElement;
const collator = new Intl.Collator(lang);
const percent = new Intl.NumberFormat(lang, { style: "percent" });
const milliseconds = new Intl.NumberFormat(lang, { style: "unit", unit: "millisecond" });
/** @type {Map<string, HTMLElement>} by person */ const entries = new Map();
/** @type {PersonEntry[]} */ const menuEntries = [];

/**
 * Shows the roster; returns where features add entries to people's menus.
 * @param {import("./state.js").Store} store
 * @param {(error: unknown) => void} complain
 * @returns {People}
 */
export function startRoster(store, complain) {
  store.watch((state, previous) => {
    const isSame =
      state.people === previous.people && state.checks === previous.checks && state.myId === previous.myId && state !== previous;
    if (isSame && state.troubles === previous.troubles) return;
    if (!isSame) fill(state);
    filter(state);
  });
  search().addEventListener("input", () => filter(store.state));
  if (findOptional("#person-menu")) bindMenus(store, complain);
  return { addEntry: (entry) => menuEntries.push(entry) };
}

/** @returns {HTMLInputElement} */
function search() {
  return /** @type {HTMLInputElement} */ (find("#people-search"));
}

/** The entry of somebody who stays is kept, with the focus that it may have. @param {RoomState} state */
function fill({ people, myId, checks }) {
  const sorted = [...people].sort((a, b) => rank(a) - rank(b) || collator.compare(a.name, b.name));
  const kept = new Map(entries);
  entries.clear();
  for (const person of sorted) entries.set(person.id, update(kept.get(person.id) ?? entry(), person, person.id === myId, checks[person.id]));
  const list = find("#people-list");
  for (const [id, element] of kept) if (!entries.has(id)) element.remove();
  [...entries.values()].forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  for (const count of document.querySelectorAll("[data-people-count]")) setText(count, String(sorted.length));
  setText(
    find("#people-sentence"),
    sorted.length === 1 ? text("one_here") : text("many_here", { count: sorted.length }),
  );
}

/** @returns {HTMLElement} */
function entry() {
  const template = /** @type {HTMLTemplateElement} */ (find("#person-template"));
  return find(".person", /** @type {DocumentFragment} */ (template.content.cloneNode(true)));
}

/**
 * @param {HTMLElement} element
 * @param {Person} person
 * @param {boolean} isMe
 * @param {string[]} [problems] what their device check has found
 */
function update(element, person, isMe, problems = []) {
  element.dataset.personId = person.id;
  element.dataset.group = person.role === "student" ? "students" : "staff";
  setText(find(".person__initials", element), initials(person.name));
  setText(find(".person__name", element), person.name);
  const parts = problems.map((part) => text(`check_trouble_${part}`)).join(", ");
  const check = parts && text("check_trouble", { parts });
  const notes = [person.role === "student" ? "" : text(`role_${person.role}`), isMe ? text("you") : "", check];
  setText(find(".person__note", element), notes.filter(Boolean).join(" · "));
  const more = element.querySelector(".person__more");
  if (more instanceof HTMLElement) {
    more.hidden = isMe;
    setText(find(".visually-hidden", more), text("person_more", { name: person.name }));
  }
  return element;
}

/**
 * Says at each name what is wrong, in its place, and shows those that are asked for.
 * @param {RoomState} state
 */
function filter(state) {
  const isTroubleOnly = markTroubles(state);
  const field = search();
  field.hidden = state.people.length < SEARCHED_FROM;
  const wanted = field.hidden ? "" : plain(field.value);
  for (const [id, element] of entries) {
    const isFound = plain(find(".person__name", element).textContent ?? "").includes(wanted);
    const trouble = state.troubles[id];
    element.hidden = !isFound || (isTroubleOnly && !(trouble && isTrouble(trouble)));
  }
}

/** Letters without case and marks, so that "Jose" finds José. @param {string} name */
function plain(name) {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase(lang).trim();
}

/** @param {RoomState} state @returns {boolean} whether only those with trouble are wanted */
function markTroubles({ troubles }) {
  const button = findOptional("#trouble-filter");
  if (!button) return false;
  const count = Object.values(troubles).filter(isTrouble).length;
  button.hidden = !count;
  if (!count) button.setAttribute("aria-pressed", "false");
  else setText(find("#trouble-count"), text(count === 1 ? "trouble_one" : "trouble_many", { count }));
  for (const [id, element] of entries) {
    const trouble = troubles[id];
    const place = find(".person__link", element);
    place.hidden = !trouble;
    place.classList.toggle("person__link--calm", trouble?.kind === "choice");
    if (trouble) setText(find(".person__link-text", element), sentence(trouble));
  }
  return button.getAttribute("aria-pressed") === "true";
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
  const button = find("#trouble-filter");
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  filter(store.state);
}

/** @param {Person} person */
function rank(person) {
  return RANK[/** @type {keyof typeof RANK} */ (person.role)] ?? 3;
}

// The menu that the staff have for each person

/** @param {import("./state.js").Store} store @param {(error: unknown) => void} complain */
function bindMenus(store, complain) {
  const list = find("#person-menu");
  const menu = new Menu(list);
  const open = (/** @type {HTMLElement} */ button) => {
    const id = /** @type {HTMLElement} */ (button.closest("[data-person-id]")).dataset.personId;
    const person = store.state.people.find((found) => found.id === id);
    if (!person) return;
    const offered = menuEntries.filter((candidate) => candidate.isOffered(store.state, person));
    // What can't be taken back lies farthest from the press.
    offered.sort((one, other) => Number(one.isDanger ?? false) - Number(other.isDanger ?? false));
    list.replaceChildren(...offered.map((found) => menuItem(found, person, complain)));
    if (!offered.length) list.append(make("li", { role: "none", class: "menu__none" }, text("person_nothing")));
    menu.toggle(button);
    standAt(list, button);
  };
  find("#people-list").addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest(".person__more") : null;
    if (button instanceof HTMLElement) open(button);
  });
  // The menu stands where its button was.
  find("#panel-people").addEventListener("scroll", () => menu.close(), { passive: true });
  addEventListener("resize", () => menu.close());
}

/** @param {PersonEntry} found @param {Person} person @param {(error: unknown) => void} complain */
function menuItem({ name, isDanger, act }, person, complain) {
  const attributes = { type: "button", role: "menuitem", class: isDanger ? "menu__item menu__item--danger" : "menu__item" };
  const button = make("button", attributes, text(`person_${name}`));
  button.addEventListener("click", async () => {
    try {
      await act(person);
    } catch (error) {
      complain(error);
    }
  });
  return make("li", { role: "none" }, button);
}

/** Below its button, or above where there is no room. @param {HTMLElement} list @param {HTMLElement} button */
function standAt(list, button) {
  const place = button.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const below = place.bottom + MENU_GAP;
  const top = below + height > innerHeight ? place.top - height - MENU_GAP : below;
  const left = Math.min(innerWidth - width, Math.max(0, place.right - width));
  list.style.setProperty("--top", `${Math.max(0, top)}px`);
  list.style.setProperty("--left", `${left}px`);
}
