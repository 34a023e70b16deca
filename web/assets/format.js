// Numbers and times for people.

export const severities = ["critical", "high", "medium", "low", "info"];

const count = new Intl.NumberFormat("en");
export const number = (value) => count.format(value);

export function bytes(value) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const moments = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
export const moment = (iso) => (iso ? moments.format(new Date(iso)) : "–");

export function duration(from, to) {
  if (!from || !to) return "–";
  const seconds = (new Date(to) - new Date(from)) / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** What a scan is of, in a name. */
export const subject = (scan) => scan.file_name ?? scan.cloud?.name ?? "unnamed upload";

export const isOpen = (scan) => scan.status === "queued" || scan.status === "running";
