// Who sits at this tab. Kept for each tab, so that two tabs are two people.

const NAME_STARTS = [
  "Brisk",
  "Calm",
  "Clever",
  "Kind",
  "Merry",
  "Quick",
  "Quiet",
  "Sunny",
  "Swift",
  "Wise",
];
const NAME_ENDS = [
  "Bee",
  "Deer",
  "Hare",
  "Mole",
  "Newt",
  "Owl",
  "Seal",
  "Swan",
];

/** @param {string[]} list */
const pick = (list) => list[Math.floor(Math.random() * list.length)] ?? "";

export const me = {
  name:
    sessionStorage.getItem("name") ?? `${pick(NAME_STARTS)} ${pick(NAME_ENDS)}`,
  room: sessionStorage.getItem("room") ?? "lobby",
  /** The name of the server that this tab is connected to. */
  server: "",
};

export function remember() {
  sessionStorage.setItem("name", me.name);
  sessionStorage.setItem("room", me.room);
}

remember();
