// Viewer of knee MRI exams: series on 2-D canvases, overlays, labels, predictions, marks.
// The same module runs in a notebook (`render`) and in a stand-alone page (`startPage`). Whatever
// comes from data is written as text, never as HTML.

const PLANES = ["axial", "coronal", "sagittal"];
const OVERLAYS = [
  { name: "foreground", label: "Outline", key: "f", color: "#56b4e9", width: 1.5, dash: [] },
  { name: "regions", label: "Regions", key: "g", color: "#f0e442", width: 1.2, dash: [7, 4] },
  { name: "fluid", label: "Fluid", key: "u", color: "#ff8ad8", width: 1.5, dash: [2, 2] },
  { name: "band", label: "Darkest band", key: "b", color: "#3ddc97", width: 3, dash: [] },
  { name: "marks", label: "Mark", key: "m", color: "#ff9d3b", width: 2.5, dash: [] },
];
// A mark of a whole region, where no pixel gives the value: thinner, so that it is not read as found.
const SEARCHED = { ...OVERLAYS.at(-1), width: 1.2, dash: [6, 4] };
const VERDICTS = [
  { key: "a", severity: "agree", label: "Agree" },
  { key: "d", severity: "check", label: "Label doubtful" },
  { key: "x", severity: "reject", label: "Exclude" },
];
const FULL_WINDOW = { width: 255, level: 127.5 };
const REGION_SETS = ["notch", "menisci", "bones", "recesses"]; // shown one at a time
const TRACK = 10; // pixels at the right edge of a pane, for the position in the stack
const TILT_UNITS = 1024; // as in stacks/windows.py
const KEPT_EXAMS = 4; // decoded exams in memory, about 2 MB per series
const LONG_ID = 24; // letters, from which ids are shown by their ends

// ---------------------------------------------------------------- small tools

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children); // strings become text nodes
  return element;
}

const setPressed = (button, isOn) => button.setAttribute("aria-pressed", String(isOn));
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const capitalise = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const isNumber = (value) => typeof value === "number";

function differs(exam, task) {
  const [label, score] = [exam.labels[task], exam.scores[task]];
  return isNumber(label) && isNumber(score) && (score > 0.5) !== (label > 0.5);
}

const describeLabel = (label) => (isNumber(label) ? String(label) : "none");
const describeOthers = ({ n, sum }) =>
  `${n.toLocaleString("en")} other feature${n === 1 ? "" : "s"}: ${sum < 0 ? "−" : "+"}${Math.abs(sum).toFixed(2)}`;
const describeScore = (score) => (isNumber(score) ? score.toFixed(2) : "none");

// Ends of long ids: those of a study share their beginning, and a list would cut off the rest.
function shortenIds(ids) {
  if (ids.every((id) => id.length <= LONG_ID)) return new Map(ids.map((id) => [id, id]));
  const areApart = (n) => new Set(ids.map((id) => id.slice(-n))).size === new Set(ids).size;
  let n = 12;
  while (n < LONG_ID && !areApart(n)) n += 2;
  const known = n < LONG_ID ? n : Infinity;
  return new Map(ids.map((id) => [id, id.length > known ? `… ${id.slice(-n)}` : id]));
}

// ---------------------------------------------------------------- pixels and masks

// A picture holds all slices of a stack as tiles; WebP is decoded without a request.
async function decodeStack(about, bytes) {
  const { n_slices: n, height, width, tiles_across: across } = about;
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/webp" }), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const grey = new Uint8Array(n * height * width);
  for (let slice = 0; slice < n; slice++) {
    context.drawImage(picture, -(slice % across) * width, -Math.floor(slice / across) * height);
    const pixels = context.getImageData(0, 0, width, height).data;
    const start = slice * height * width;
    for (let i = 0; i < height * width; i++) grey[start + i] = pixels[4 * i];
  }
  picture.close();
  return grey;
}

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function decodeExam(detail, buffers) {
  const planes = {};
  for (const about of detail.planes) {
    const grey = await decodeStack(about, buffers[about.picture]);
    const masks = await inflate(buffers[about.masks]);
    planes[about.plane] = { ...about, grey, masks, outlines: new Map() };
  }
  return { ...detail, planes };
}

// Edges between pixels inside and outside a mask, in pixel coordinates.
function traceMask(stack, number) {
  if (stack.outlines.has(number)) return stack.outlines.get(number);
  const { width, height, masks } = stack;
  const bytes = Math.ceil((width * height) / 8);
  const across = width + 2; // a margin of pixels outside
  const inside = new Uint8Array(across * (height + 2));
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const bit = (masks[number * bytes + (i >> 3)] >> (7 - (i & 7))) & 1;
      inside[(y + 1) * across + x + 1] = bit;
    }
  }
  const path = new Path2D();
  traceEdges(inside, width, height, 1, across, (x, y, end) => {
    path.moveTo(x, y);
    path.lineTo(end, y);
  });
  traceEdges(inside, height, width, across, 1, (y, x, end) => {
    path.moveTo(x, y);
    path.lineTo(x, end);
  });
  stack.outlines.set(number, path);
  return path;
}

// Runs of edges along one axis: `along` is the step within a line, `over` that to the next line.
function traceEdges(inside, length, nLines, along, over, draw) {
  for (let line = 0; line <= nLines; line++) {
    let start = -1;
    for (let i = 0; i <= length; i++) {
      const here = (line + 1) * over + (i + 1) * along;
      const isEdge = i < length && inside[here] !== inside[here - over];
      if (isEdge && start < 0) start = i;
      if (!isEdge && start >= 0) {
        draw(start, line, i);
        start = -1;
      }
    }
  }
}

// Rows by which a tilted plane lies lower at a column and slice; see stacks/windows.py.
function shiftRows([perColumn, perSlice, twiceColumn, twiceSlice], slice, column) {
  const twice = perColumn * (2 * column - twiceColumn) + perSlice * (2 * slice - twiceSlice);
  return twice / (2 * TILT_UNITS);
}

// Slice of another stack of the same plane: by position where both are known, else by fraction.
function matchSlice(stack, slice, other) {
  const [from, to] = [stack.positions, other.positions];
  if (!from || !to) return Math.floor(((slice + 0.5) / stack.n_slices) * other.n_slices);
  return findNearest(to, from[slice]);
}

function findNearest(values, wanted) {
  const distances = values.map((value) => Math.abs(value - wanted));
  return distances.indexOf(Math.min(...distances));
}

// ---------------------------------------------------------------- filters and reader's marks

function listFilters(view, marks) {
  const { exams, tasks } = view;
  const filters = [{ group: "", label: "All exams", pick: () => true }];
  for (const task of tasks) {
    for (const label of [1, 0]) {
      const pick = (exam) => exam.labels[task] === label;
      filters.push({ group: "Label", label: `${task} labelled ${label}`, pick });
    }
  }
  const distance = (task) => (exam) => -Math.abs(exam.scores[task] - exam.labels[task]);
  for (const task of tasks) {
    filters.push({
      group: "Where model and label disagree, most confident first",
      label: `${task}: model and label disagree`,
      pick: (exam) => differs(exam, task),
      order: distance(task),
      task,
    });
  }
  for (const code of [...new Set(exams.flatMap((exam) => exam.codes))].sort()) {
    filters.push({ group: "Audit", label: code, pick: (exam) => exam.codes.includes(code) });
  }
  filters.push(
    { group: "Reader", label: "not marked yet", pick: (exam) => !marks.has(exam.id) },
    { group: "Reader", label: "marked", pick: (exam) => marks.has(exam.id) },
  );
  for (const filter of filters) {
    filter.found = exams.filter(filter.pick);
    if (filter.order) filter.found.sort((a, b) => filter.order(a) - filter.order(b));
  }
  return filters;
}

// Rows in the form of `mrnet-features audit --json`, which `--exclude` reads.
function listRows(view, marks) {
  return view.exams
    .filter((exam) => marks.has(exam.id))
    .map(({ id }) => {
      const { severity, remarks, note } = marks.get(id);
      const advice = [...remarks, ...(note ? [note] : [])].join("; ");
      return { exam: id, plane: "", code: "reader", severity, value: null, advice };
    });
}

// Whether stored JSON is rows of marks: other pages of the same place may have written it.
function areRows(rows) {
  const known = ["note", ...VERDICTS.map(({ severity }) => severity)];
  const isRow = (row) =>
    [row?.exam, row?.severity, row?.advice].every((text) => typeof text === "string") &&
    known.includes(row.severity);
  return Array.isArray(rows) && rows.every(isRow);
}

const NO_MARK = { severity: "note", remarks: [], note: "" };

// What a mark says of the label of a task; empty for other marks, and where there is no label.
function describeRemark(exam, task, severity) {
  const word = { agree: "confirmed", check: "doubtful" }[severity];
  const label = exam?.labels[task];
  return word && isNumber(label) ? `label of ${task} ${word} (label ${label})` : "";
}

// Marks by exam; remarks stand in the advice, before the reader's own note.
function readRows(rows, { exams, tasks }) {
  const known = new Map(exams.map((exam) => [exam.id, exam]));
  const read = ({ exam, severity, advice }) => {
    const possible = tasks.map((task) => describeRemark(known.get(exam), task, severity));
    const parts = advice.split("; ");
    const n = parts.findIndex((part) => !part || !possible.includes(part));
    const remarks = parts.splice(0, n < 0 ? parts.length : n);
    return [exam, { severity, remarks, note: parts.join("; ") }];
  };
  return new Map(rows.map(read));
}

// ---------------------------------------------------------------- one series

class Pane {
  constructor(viewer, { series, plane, name, row, column }) {
    Object.assign(this, { viewer, series, plane, name });
    this.window = { ...FULL_WINDOW };
    this.slice = 0;
    this.turned = 0; // of the wheel, since the last slice
    this.drag = null;
    this.resetZoom();
    this.canvas = make("canvas");
    this.context = this.canvas.getContext("2d");
    this.tile = make("canvas"); // one slice, one pixel per pixel
    this.screen = make("div", { class: "mv-screen", tabindex: 0, role: "slider" }, this.canvas);
    this.none = make("p", { class: "mv-none" });
    if (viewer.isHung) this.screen.append(this.none);
    this.position = make("span", { class: "mv-position" });
    this.grey = make("span", { class: "mv-window" });
    const title = make("span", { class: "mv-plane" }, name);
    const foot = make("div", { class: "mv-foot" }, title, this.position, this.grey);
    this.element = make("section", { class: "mv-pane", "data-plane": series }, this.screen, foot);
    this.element.style.setProperty("--mv-row", row);
    this.element.style.setProperty("--mv-column", column);
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.screen);
  }

  get stack() {
    return this.viewer.exam?.planes[this.series];
  }

  resetZoom() {
    this.zoom = 1;
    this.pan = { x: 0, y: 0 };
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.screen.clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(this.screen.clientHeight * ratio));
    this.viewer.repaint(this);
  }

  // Where the picture lies on the canvas; pixels are square, as MRNet stores no spacing.
  place() {
    const { width, height } = this.stack;
    const ratio = window.devicePixelRatio || 1;
    const free = this.canvas.width - TRACK * ratio;
    const scale = Math.min(free / width, this.canvas.height / height) * this.zoom;
    const left = (free - width * scale) / 2 + this.pan.x * ratio;
    return { scale, left, top: (this.canvas.height - height * scale) / 2 + this.pan.y * ratio };
  }

  findRow(event) {
    const { scale, top } = this.place();
    const ratio = window.devicePixelRatio || 1;
    return ((event.clientY - this.screen.getBoundingClientRect().top) * ratio - top) / scale;
  }

  show(slice) {
    if (!this.stack) return;
    this.slice = clamp(slice, 0, this.stack.n_slices - 1);
    this.viewer.repaint(this);
  }

  changeWindow(width, level) {
    this.window.width = clamp(this.window.width + width, 1, 510);
    this.window.level = clamp(this.window.level + level, 0, 255);
    this.viewer.repaint(this);
  }

  changeZoom(factor) {
    this.zoom = clamp(this.zoom * factor, 1, 12);
    if (this.zoom === 1) this.resetZoom();
    this.viewer.repaint(this);
  }

  move(x, y) {
    this.pan = { x: this.pan.x + x, y: this.pan.y + y };
    this.viewer.repaint(this);
  }

  listen() {
    const { screen } = this;
    const listen = (kind, method, options) => screen.addEventListener(kind, method, options);
    listen("focus", () => this.viewer.activate(this));
    listen("contextmenu", (event) => event.preventDefault());
    listen("wheel", (event) => this.turnWheel(event), { passive: false });
    listen("pointerdown", (event) => this.beginDrag(event));
    listen("pointermove", (event) => this.drag && this.continueDrag(event));
    listen("pointerup", (event) => this.endDrag(event));
    listen("pointercancel", () => (this.drag = null));
  }

  turnWheel(event) {
    event.preventDefault();
    if (event.ctrlKey) return this.changeZoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    // a notch of a wheel is one slice, the many small steps of a touch pad add up to one
    const isNotch = event.deltaMode !== 0 || Math.abs(event.deltaY) >= 50;
    this.turned = isNotch ? Math.sign(event.deltaY) : this.turned + event.deltaY / 50;
    const steps = Math.trunc(this.turned);
    this.turned = isNotch ? 0 : this.turned - steps;
    if (steps) this.viewer.showSlice(this, this.slice + steps);
  }

  beginDrag(event) {
    this.screen.focus({ preventScroll: true });
    event.preventDefault();
    if (!this.stack) return;
    this.screen.setPointerCapture(event.pointerId);
    const kind = event.button === 2 ? "window" : event.button || event.shiftKey ? "pan" : "slice";
    const [x, y] = [event.clientX, event.clientY];
    this.drag = { kind, x, y, startX: x, startY: y, slice: this.slice, isClick: true };
  }

  continueDrag(event) {
    const { drag } = this;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    const total = event.clientY - drag.startY;
    if (Math.hypot(event.clientX - drag.startX, total) > 4) drag.isClick = false;
    if (drag.isClick) return;
    [drag.x, drag.y] = [event.clientX, event.clientY];
    if (drag.kind === "window") this.changeWindow(dx, dy / 2);
    else if (drag.kind === "pan") this.move(dx, dy);
    else {
      const step = Math.max(this.screen.clientHeight / this.stack.n_slices, 4);
      this.viewer.showSlice(this, drag.slice + Math.round(total / step));
    }
  }

  endDrag(event) {
    if (this.drag?.kind === "slice" && this.drag.isClick) {
      this.viewer.linkRow(this, this.findRow(event));
    }
    this.drag = null;
  }

  paint() {
    const { context, canvas, stack } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!stack) return;
    this.drawSlice();
    const { scale, left, top } = this.place();
    context.imageSmoothingQuality = "high";
    const size = [stack.width * scale, stack.height * scale];
    context.drawImage(this.tile, left, top, ...size);
    context.setTransform(scale, 0, 0, scale, left, top);
    for (const overlay of OVERLAYS) if (this.viewer.shown.has(overlay.name)) this.draw(overlay);
    if (this.viewer.linesShown) this.drawLines();
    this.drawEdges();
    this.drawTrack();
  }

  // What lies to the left and right, such as R and L, where the file tells it.
  drawEdges() {
    const { context, canvas, stack } = this;
    if (!stack.edges) return;
    const ratio = window.devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = "600 15px system-ui, sans-serif";
    context.textBaseline = "middle";
    context.lineWidth = 3;
    context.setLineDash([]);
    context.strokeStyle = "#000";
    context.fillStyle = "#fff";
    const [width, height] = [canvas.width / ratio, canvas.height / ratio];
    for (const [k, x] of [6, width - TRACK - 6].entries()) {
      context.textAlign = k ? "right" : "left";
      context.strokeText(stack.edges[k], x, height / 2);
      context.fillText(stack.edges[k], x, height / 2);
    }
    context.textAlign = "left";
    context.textBaseline = "alphabetic";
  }

  // Grey levels through the window into the tile.
  drawSlice() {
    const { stack, tile } = this;
    const n = stack.width * stack.height;
    if (tile.width !== stack.width || tile.height !== stack.height || !this.image) {
      [tile.width, tile.height] = [stack.width, stack.height];
      this.image = new ImageData(stack.width, stack.height);
      this.words = new Uint32Array(this.image.data.buffer);
    }
    const { width, level } = this.window;
    const table = new Uint32Array(256);
    for (let grey = 0; grey < 256; grey++) {
      const shade = clamp(Math.round(((grey - level) / width + 0.5) * 255), 0, 255);
      table[grey] = 0xff000000 | (shade * 0x010101);
    }
    const { grey } = stack;
    for (let i = 0, at = this.slice * n; i < n; i++, at++) this.words[i] = table[grey[at]];
    tile.getContext("2d").putImageData(this.image, 0, 0);
  }

  draw(overlay) {
    const { stack, slice } = this;
    if (overlay.name === "regions") {
      const ofSet = stack.regions.filter(({ set }) => set === this.viewer.regionSet);
      for (const region of ofSet) this.drawRegion(overlay, region);
    } else if (overlay.name === "marks") {
      const mark = this.findMark();
      const style = mark?.kind === "region" ? SEARCHED : overlay;
      for (const { segment, mask } of mark?.slices[slice] ?? []) {
        if (segment) this.strokeSegment(style, segment);
        else this.strokeMask(style, mask);
      }
    } else if (overlay.name === "band") {
      if (stack.bands[slice]) this.strokeSegment(overlay, stack.bands[slice]);
    } else this.strokeMask(overlay, stack[overlay.name][slice] ?? -1);
  }

  strokeMask(overlay, number) {
    if (number >= 0) this.stroke(overlay, traceMask(this.stack, number));
  }

  findMark() {
    const mark = this.viewer.exam.marks[this.viewer.column];
    return mark?.plane === this.series ? mark : undefined;
  }

  stroke({ color, width, dash }, path) {
    const { context } = this;
    const pixel = (window.devicePixelRatio || 1) / this.place().scale;
    context.setLineDash([]);
    context.lineWidth = (width + 1.5) * pixel; // a dark casing, to be seen on bright tissue
    context.strokeStyle = "rgba(0, 0, 0, 0.6)";
    context.stroke(path);
    context.setLineDash(dash.map((length) => length * pixel));
    context.lineWidth = width * pixel;
    context.strokeStyle = color;
    context.stroke(path);
  }

  strokeSegment(overlay, [[row, column], [endRow, endColumn]]) {
    const path = new Path2D();
    path.moveTo(column + 0.5, row + 0.5);
    path.lineTo(endColumn + 0.5, endRow + 0.5);
    this.stroke(overlay, path);
  }

  drawRegion(overlay, { name, box, tilts }) {
    const [first, end, top, bottom, left, right] = box;
    if (this.slice < first || this.slice >= end || right <= left) return;
    const one = shiftRows(tilts, this.slice, left);
    const other = shiftRows(tilts, this.slice, right - 1);
    const path = new Path2D();
    path.moveTo(left, top + one);
    path.lineTo(right, top + other);
    path.lineTo(right, bottom + other);
    path.lineTo(left, bottom + one);
    path.closePath();
    this.stroke(overlay, path);
    const pixel = (window.devicePixelRatio || 1) / this.place().scale;
    const isSmall = this.viewer.isHung && this.screen.clientWidth < 340;
    this.context.font = `${(isSmall ? 9 : 11) * pixel}px system-ui, sans-serif`;
    this.context.fillStyle = overlay.color;
    this.context.fillText(name, left, top + one - 4 * pixel); // above the box, not in it
  }

  // The linked height, and the joint line, on coronal and sagittal slices.
  drawLines() {
    const { context, stack } = this;
    if (!stack.frame) return;
    const pixel = (window.devicePixelRatio || 1) / this.place().scale;
    const { left, right, anchor, tilts } = stack.frame;
    context.lineWidth = 1.2 * pixel;
    context.strokeStyle = "rgba(255, 255, 255, 0.55)";
    context.setLineDash([2 * pixel, 6 * pixel]);
    context.beginPath();
    context.moveTo(left, anchor + shiftRows(tilts, this.slice, left));
    context.lineTo(right, anchor + shiftRows(tilts, this.slice, right));
    context.stroke();
    const row = this.viewer.findLinkedRow(stack);
    if (row === null) return;
    context.strokeStyle = "rgba(255, 255, 255, 0.85)";
    context.setLineDash([8 * pixel, 6 * pixel]);
    context.beginPath();
    context.moveTo(0, row);
    context.lineTo(stack.width, row);
    context.stroke();
  }

  // Position in the stack at the right edge, with the slices of the chosen mark.
  drawTrack() {
    const { context, canvas, stack } = this;
    const ratio = window.devicePixelRatio || 1;
    const step = canvas.height / stack.n_slices;
    const left = canvas.width - (TRACK - 3) * ratio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#2a323a";
    context.fillRect(left, 0, 6 * ratio, canvas.height);
    if (this.viewer.shown.has("marks")) {
      context.fillStyle = OVERLAYS.at(-1).color;
      for (const slice of Object.keys(this.findMark()?.slices ?? {})) {
        context.fillRect(left, slice * step, 6 * ratio, Math.max(step - ratio, ratio));
      }
    }
    context.strokeStyle = "#fff";
    context.setLineDash([]);
    context.lineWidth = 2 * ratio;
    const height = Math.max(step, 4 * ratio) - 2 * ratio;
    context.strokeRect(left, this.slice * step + ratio, 6 * ratio, height);
  }

  describe() {
    const { name, stack, screen, slice, window: { width, level } } = this;
    const { exam, isHung, missing } = this.viewer;
    this.element.classList.toggle("mv-missing", !stack);
    const n = stack?.n_slices;
    this.position.textContent = stack ? `${slice + 1} / ${n}` : missing;
    if (isHung) this.none.textContent = exam && !stack ? `The exam has no ${name.toLowerCase()} series` : "";
    this.grey.textContent = stack ? `W ${Math.round(width)} L ${Math.round(level)}` : "";
    const attributes = {
      role: stack ? "slider" : "img",
      "aria-label": stack ? `${name} slice` : `${name}: ${missing}`,
      "aria-orientation": stack && "vertical",
      "aria-valuemin": stack && 1,
      "aria-valuemax": n,
      "aria-valuenow": stack && slice + 1,
      "aria-valuetext": stack && `slice ${slice + 1} of ${n}`,
    };
    for (const [key, value] of Object.entries(attributes)) {
      if (value === undefined) screen.removeAttribute(key);
      else screen.setAttribute(key, value);
    }
  }
}

// ---------------------------------------------------------------- keys

const MOVES = { ArrowUp: [0, 40], ArrowDown: [0, -40], ArrowLeft: [40, 0], ArrowRight: [-40, 0] };
const step = (n) => (viewer, key, shift) => {
  if (shift && MOVES[key]) viewer.active.move(...MOVES[key]);
  else viewer.showSlice(viewer.active, viewer.active.slice + n);
};
const KEYS = [
  ["ArrowDown ArrowRight", "next slice; with Shift move the picture", step(1)],
  ["ArrowUp ArrowLeft", "previous slice; with Shift move the picture", step(-1)],
  ["PageDown", "five slices on", step(5)],
  ["PageUp", "five slices back", step(-5)],
  ["Home", "first slice", (viewer) => viewer.showSlice(viewer.active, 0)],
  ["End", "last slice", (viewer) => viewer.showSlice(viewer.active, Infinity)],
  ["1 2 3", "axial, coronal, sagittal", (viewer, key) => viewer.focusPlane(PLANES[key - 1])],
  ["n", "next exam", (viewer) => viewer.turn(1)],
  ["p", "previous exam", (viewer) => viewer.turn(-1)],
  ["/", "go to the filter; Enter or Escape goes back", (viewer) => viewer.filterBox.focus()],
  ["w", "narrower window; with Shift wider", (viewer, key, shift) =>
    viewer.active.changeWindow(shift ? 12 : -12, 0)],
  ["l", "lower level, so brighter; with Shift darker", (viewer, key, shift) =>
    viewer.active.changeWindow(0, shift ? 8 : -8)],
  ["+ =", "zoom in", (viewer) => viewer.active.changeZoom(1.25)],
  ["-", "zoom out", (viewer) => viewer.active.changeZoom(0.8)],
  ["r", "window and zoom as at first", (viewer) => viewer.reset()],
  ["z", "active plane large", (viewer) => viewer.toggleLarge()],
  ...OVERLAYS.map(({ key, name, label }) => [
    key,
    name === "regions" ? "regions, set by set" : `${label.toLowerCase()} on or off`,
    (viewer) => viewer.toggleOverlay(name),
  ]),
  ["o", "all overlays off or on", (viewer) => viewer.toggleOverlays()],
  ["h", "height lines on or off", (viewer) => viewer.toggleLines()],
  ["v", "flip axial: for the link, the stack runs from the bottom up", (viewer) => viewer.flip()],
  ["[", "linked height up", (viewer) => viewer.moveHeight(-1)],
  ["]", "linked height down", (viewer) => viewer.moveHeight(1)],
  ["t", "next task", (viewer) => viewer.nextTask()],
  ["j", "jump to the next contribution; with Shift to the previous one", (viewer, key, shift) =>
    viewer.jumpNext(shift ? -1 : 1)],
  ...VERDICTS.map(({ key, severity, label }) => [
    key,
    `mark: ${label.toLowerCase()}; with Shift also go to the next exam`,
    (viewer, pressed, shift) => viewer.setVerdict(severity, shift),
  ]),
  ["c", "write a note; Escape ends it", (viewer) => viewer.note.focus()],
  ["s", "save the marks as a file", (viewer) => viewer.saveFile()],
  ["?", "show or hide the keys", (viewer) => viewer.toggleHelp()],
];

// Where an exam has several series of a plane.
const HUNG_KEYS = [
  ["k", "link the slices of the series of a plane, or not", (viewer) => viewer.toggleLink()],
];
const HUNG_TEXTS = {
  "1 2 3": "axial, coronal, sagittal; again: next series of the plane",
  z: "active series large",
};

// ---------------------------------------------------------------- the viewer

class Viewer {
  constructor(root, source) {
    Object.assign(this, { root, source, view: source.view });
    this.isHung = this.view.is_hung; // several series of a plane; else one stack per plane
    this.missing = this.isHung ? "no series" : "no stack";
    this.keys = this.isHung ? [...KEYS, ...HUNG_KEYS] : KEYS;
    this.shortIds = shortenIds(this.view.exams.map(({ id }) => id));
    this.marks = readRows(source.readMarks(), this.view);
    this.exams = new Map(); // promises of decoded exams, the newest last
    this.shown = new Set(["marks"]);
    this.regionSet = null;
    this.linesShown = true;
    this.flipped = false;
    this.linked = true;
    this.height = null; // mm in the patient, or rows below the joint line in heights of the knee box
    this.dirty = new Set();
    this.column = null;
    const { exams, tasks } = this.view;
    const hasScore = (task) => exams.some(({ scores }) => isNumber(scores[task]));
    this.task = tasks.find(hasScore) ?? tasks[0];
    this.panes = this.view.hanging.map((place) => new Pane(this, place));
    this.active = this.panes.find(({ plane }) => plane === "sagittal") ?? this.panes[0];
    this.build();
    this.fillFilters();
    this.visit(source.place ?? {});
    this.listMarks();
    source.onMarks?.(() => {
      this.marks = readRows(source.readMarks(), this.view);
      this.describeMark();
      this.listMarks();
    });
  }

  close() {
    for (const pane of this.panes) pane.observer.disconnect();
    this.source.close?.();
  }

  // ------------------------------------------------------------ building

  build() {
    const { root } = this;
    root.classList.add("mv-root");
    root.classList.toggle("mv-scored", this.view.has_scores);
    root.setAttribute("tabindex", "-1"); // a click between the parts keeps the keys alive
    // JupyterLab would take single letters for its own commands, such as X for cutting a cell
    root.setAttribute("data-lm-suppress-shortcuts", "true");
    root.addEventListener("keydown", (event) => this.press(event));
    this.live = make("p", { class: "mv-hidden", "aria-live": "polite" });
    this.status = make("p", { class: "mv-status" });
    this.alert = make("p", { class: "mv-alert", role: "alert" });
    const planes = make("div", { class: "mv-planes" }, ...this.panes.map((pane) => pane.element));
    if (this.isHung) {
      planes.classList.add("mv-hung");
      const isGrid = this.view.hanging[0].row !== "auto";
      planes.style.setProperty("--mv-columns", isGrid ? 3 : clamp(this.panes.length, 2, 3));
      planes.style.setProperty("--mv-rows", Math.max(1, Math.ceil((this.panes.length - 1) / 2)));
    }
    const caption = make("p", { class: "mv-caption" }, this.view.caption);
    const stage = make("div", { class: "mv-stage" }, this.buildTools(), planes);
    stage.append(this.alert, this.status);
    const body = make("div", { class: "mv-body" }, stage, ...this.buildPanels(), caption);
    this.body = body; // the container of the layout is the root, so that the layout lies within it
    root.append(body, this.live, this.buildHelp());
  }

  buildTools() {
    const button = (label, key, press, pressed) => {
      const keys = make("kbd", {}, key.toUpperCase());
      const attributes = { type: "button", onclick: press, "aria-keyshortcuts": key };
      if (pressed !== undefined) attributes["aria-pressed"] = String(pressed);
      return make("button", attributes, label, " ", keys);
    };
    this.overlayButtons = new Map();
    const tools = make("div", { class: "mv-tools", role: "group", "aria-label": "Display" });
    for (const { name, label, key } of OVERLAYS) {
      const toggle = button(label, key, () => this.toggleOverlay(name), this.shown.has(name));
      toggle.prepend(make("span", { class: `mv-swatch mv-${name}` }));
      if (name === "regions") {
        this.regionName = make("span", {}, label);
        toggle.replaceChild(this.regionName, toggle.childNodes[1]);
      }
      this.overlayButtons.set(name, toggle);
      tools.append(toggle);
    }
    this.linesButton = button("Height lines", "h", () => this.toggleLines(), true);
    this.flipButton = button("Flip axial", "v", () => this.flip(), false);
    this.linkButton = button("Link series", "k", () => this.toggleLink(), true);
    this.largeButton = button("Large", "z", () => this.toggleLarge(), false);
    const reset = button("Reset", "r", () => this.reset());
    const help = button("Keys", "?", () => this.toggleHelp());
    const more = this.isHung ? [this.linkButton] : [];
    tools.append(this.linesButton, this.flipButton, ...more, this.largeButton, reset, help);
    return tools;
  }

  buildPanels() {
    this.filterBox = this.buildList((index) => this.applyFilter(index));
    this.examBox = this.buildList((index) => this.open(index));
    const before = make("button", { type: "button", onclick: () => this.turn(-1) }, "Previous");
    const next = make("button", { type: "button", onclick: () => this.turn(1) }, "Next");
    const exam = make("label", { class: "mv-field" }, "Exam", this.examBox);
    this.tasks = make("div", { class: "mv-tasks", role: "group", "aria-label": "Tasks" });
    this.contributions = make("ol", { class: "mv-contributions" });
    this.contributionsTitle = make("h2");
    this.others = make("p", { class: "mv-others" });
    this.findings = make("ul", { class: "mv-findings" });
    this.note = make("textarea", { rows: 2, oninput: () => this.setNote(this.note.value) });
    this.remarks = make("p", { class: "mv-remarks" });
    this.verdictButtons = VERDICTS.map(({ key, severity, label }) =>
      make(
        "button",
        { type: "button", "aria-pressed": "false", onclick: () => this.setVerdict(severity) },
        label, " ", make("kbd", {}, key.toUpperCase()),
      ),
    );
    this.saveButton = make("button", { type: "button", onclick: () => this.saveFile() });
    const panel = (name, label, ...children) =>
      make("section", { class: `mv-panel mv-${name}`, "aria-label": label }, ...children);
    const filter = make("label", { class: "mv-field" }, "Show", this.filterBox);
    const turn = make("div", { class: "mv-row" }, before, exam, next);
    this.wholeId = make("p", { class: "mv-id" });
    this.side = make("p", { class: "mv-side" });
    return [
      panel("exam", "Exam", filter, turn, this.wholeId, this.side, this.tasks, this.findings),
      panel("model", "Model", this.contributionsTitle, this.contributions, this.others),
      panel(
        "reader",
        "Reader",
        make("h2", {}, "Reader's mark"),
        make("div", { class: "mv-row" }, ...this.verdictButtons),
        this.remarks,
        make("label", { class: "mv-field" }, "Note (C)", this.note),
        make("div", { class: "mv-row" }, this.saveButton),
      ),
    ];
  }

  // A list gives the focus back once an option is chosen, so that the keys work. Arrows and letters
  // in a closed list choose at each press: there it waits for Enter or Escape.
  buildList(choose) {
    let isStepping = false;
    const list = make("select", {
      onpointerdown: () => (isStepping = false),
      onkeydown: ({ key, altKey }) => (isStepping = !altKey && ![" ", "Enter", "F4"].includes(key)),
      onchange: () => {
        choose(list.selectedIndex);
        if (!isStepping) this.focusPicture();
      },
    });
    return list;
  }

  focusPicture() {
    this.active.screen.focus({ preventScroll: true });
  }

  buildHelp() {
    const rows = this.keys.map(([keys, usual]) => {
      const text = (this.isHung && HUNG_TEXTS[keys]) || usual;
      const names = keys
        .split(" ")
        .map((key) => make("kbd", {}, capitalise(key.replace("Arrow", ""))));
      return make("div", {}, make("dt", {}, ...names), make("dd", {}, text));
    });
    const mouse = [
      ["wheel, drag", "slices"],
      ["right drag", "sideways window, up and down level"],
      ["Ctrl + wheel", "zoom"],
      ["Shift + drag", "move the picture"],
      ["click", "link the height"],
    ].map(([what, text]) => make("div", {}, make("dt", {}, what), make("dd", {}, text)));
    const close = make("button", { type: "button", onclick: () => this.toggleHelp() }, "Close");
    const title = make("h2", {}, "Keys and mouse");
    const list = make("dl", {}, ...rows, ...mouse);
    this.help = make("dialog", { class: "mv-help", "aria-label": "Keys and mouse" });
    this.help.append(title, list, close);
    return this.help;
  }

  // ------------------------------------------------------------ keys

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.help.open) return;
    const target = event.target;
    if (target === this.note) {
      if (event.key === "Escape") this.focusPicture();
      return;
    }
    if (target.tagName === "SELECT") {
      // afterwards, since the browser may choose an option by the same key
      if (["Enter", "Escape"].includes(event.key)) setTimeout(() => this.focusPicture());
      return; // letters and arrows choose options
    }
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const found = this.keys.find(([keys]) => keys.split(" ").includes(key));
    if (!found) return;
    event.preventDefault();
    event.stopPropagation();
    found[2](this, key, event.shiftKey);
  }

  // ------------------------------------------------------------ exams

  fillFilters() {
    const chosen = Math.max(this.filterBox.selectedIndex, 0);
    this.filters = listFilters(this.view, this.marks);
    const groups = new Map();
    this.filterBox.replaceChildren();
    for (const { group, label, found } of this.filters) {
      const option = make("option", { disabled: found.length === 0 && "" }, `${label} (${found.length})`);
      if (!group) this.filterBox.append(option);
      else {
        if (!groups.has(group)) {
          groups.set(group, make("optgroup", { label: group }));
          this.filterBox.append(groups.get(group));
        }
        groups.get(group).append(option);
      }
    }
    this.filterBox.selectedIndex = chosen;
  }

  applyFilter(index, first = 0) {
    const filter = this.filters[index];
    this.listed = filter.found;
    if (filter.task) this.task = filter.task;
    this.fillExams();
    return this.open(first);
  }

  // Exam, task, contribution, plane and slice (from 1) of an address; else the first exam.
  async visit({ exam, task, column, plane, slice }) {
    const index = this.view.exams.findIndex(({ id }) => id === exam);
    if (this.view.tasks.includes(task)) this.task = task;
    this.filterBox.selectedIndex = 0;
    await this.applyFilter(0, Math.max(index, 0));
    if (exam && index < 0) this.status.textContent = `This page has no exam ${exam}. This is the first.`;
    if (index < 0 || this.exam?.id !== exam) return; // another one was opened meanwhile
    const item = this.exam.contributions[this.task]?.find((each) => each.column === column);
    if (item) this.jump(item);
    const pane = this.panes.find(({ series }) => series === plane) ?? this.findPanes(plane)[0];
    if (!pane?.stack) return;
    pane.screen.focus({ preventScroll: true });
    if (Number.isInteger(slice)) this.showSlice(pane, slice - 1);
    pane.element.scrollIntoView({ block: "nearest" });
  }

  fillExams() {
    const letters = new Map(VERDICTS.map(({ severity, key }) => [severity, key.toUpperCase()]));
    const options = this.listed.map(({ id }) => {
      const mark = this.marks.get(id);
      const text = this.shortIds.get(id);
      const shown = mark ? `${text} (${letters.get(mark.severity) ?? "note"})` : text;
      return make("option", text === id ? {} : { title: id }, shown);
    });
    this.examBox.replaceChildren(...options);
    this.examBox.selectedIndex = this.index ?? 0;
  }

  turn(n) {
    const index = clamp(this.index + n, 0, this.listed.length - 1);
    if (index === this.index) return this.announce(n > 0 ? "Last exam" : "First exam");
    this.open(index);
  }

  load(id) {
    const known = this.exams.get(id);
    if (known) this.exams.delete(id); // and put it last again
    const loading = known ?? this.source.load(id).then((got) => decodeExam(...got));
    this.exams.set(id, loading);
    while (this.exams.size > KEPT_EXAMS) this.exams.delete(this.exams.keys().next().value);
    loading.catch(() => this.exams.delete(id));
    return loading;
  }

  async open(index) {
    this.index = index;
    this.about = this.listed[index];
    this.examBox.selectedIndex = index;
    this.describeMark();
    this.describeTasks();
    const id = this.about.id;
    this.wholeId.textContent = this.shortIds.get(id) === id ? "" : id;
    const waiting = setTimeout(() => (this.status.textContent = `Loading exam ${id} ...`), 300);
    try {
      const exam = await this.load(id);
      if (this.about.id === id) this.showExam(exam);
    } catch (error) {
      if (this.about.id === id) this.fail(`Exam ${id} can't be shown: ${error.message ?? error}`);
    } finally {
      clearTimeout(waiting);
    }
  }

  showExam(exam) {
    if (exam.is_measured || this.exam?.is_measured) this.height = null; // of another patient
    this.exam = exam;
    this.column = null;
    this.alert.textContent = "";
    this.status.textContent = "";
    for (const pane of this.panes) {
      pane.resetZoom();
      pane.slice = pane.stack ? Math.floor((pane.stack.n_slices - 1) / 2) : 0;
      this.repaint(pane);
    }
    for (const plane of PLANES) this.follow(this.findPanes(plane)[0]);
    this.linkSlice();
    this.flipButton.disabled = exam.is_measured;
    this.side.textContent = exam.side ?? "";
    this.describeTasks();
    this.describeContributions();
    this.describeFindings();
    this.announce(`Exam ${this.shortIds.get(exam.id)}, ${this.index + 1} of ${this.listed.length}. ${this.tell()}`);
    this.root.dataset.exam = exam.id;
    const next = this.listed[this.index + 1];
    if (next) setTimeout(() => this.load(next.id).catch(() => {}), 50); // told when it is opened
  }

  fail(message) {
    this.exam = null;
    this.side.textContent = "";
    this.status.textContent = "";
    this.alert.textContent = message;
    this.describeContributions();
    this.describeFindings();
    for (const pane of this.panes) this.repaint(pane);
  }

  // ------------------------------------------------------------ slices and their link

  activate(pane) {
    this.active = pane;
    for (const each of this.panes) each.element.classList.toggle("mv-active", each === pane);
  }

  // Panes of a plane whose series the exam has.
  findPanes(plane) {
    return this.panes.filter((pane) => pane.plane === plane && pane.stack);
  }

  // The plane; from one of its series the next one.
  focusPlane(plane) {
    const shown = this.findPanes(plane);
    const panes = shown.length ? shown : this.panes.filter((pane) => pane.plane === plane);
    if (panes.length) panes[(panes.indexOf(this.active) + 1) % panes.length].screen.focus();
  }

  showSlice(pane, slice) {
    if (!pane.stack) return;
    pane.show(slice);
    this.follow(pane);
    if (pane.plane === "axial") this.linkSlice(pane);
    this.announce(this.tell(pane));
  }

  tell(pane = this.active) {
    if (!pane.stack) return `${pane.name}: ${this.missing}`;
    return `${pane.name} slice ${pane.slice + 1} of ${pane.stack.n_slices}`;
  }

  // The other series of a plane show the slice that lies where this one does.
  follow(pane) {
    if (!this.linked || !pane) return;
    for (const other of this.findPanes(pane.plane)) {
      if (other !== pane) other.show(matchSlice(pane.stack, pane.slice, other.stack));
    }
  }

  toggleLink() {
    this.linked = !this.linked;
    setPressed(this.linkButton, this.linked);
    this.follow(this.active.stack && this.active);
    this.announce(this.linked ? "Series of a plane linked" : "Series of a plane not linked");
  }

  // Frame that gives heights of axial slices by fraction of the box, where positions aren't stored.
  get reference() {
    const [pane] = [...this.findPanes("sagittal"), ...this.findPanes("coronal")];
    return pane?.stack.frame;
  }

  // The axial pane that gives and follows the height.
  get axial() {
    const panes = this.findPanes("axial");
    return panes.includes(this.active) ? this.active : panes[0];
  }

  // Height of an axial slice in mm where its position is known, else as for rows.
  linkSlice(pane = this.axial) {
    const frame = this.reference;
    if (!pane || !frame) return;
    const { positions, n_slices: n } = pane.stack;
    if (this.exam.is_measured) return this.setHeight(positions[pane.slice]);
    const fraction = (pane.slice + 0.5) / n;
    const row = frame.top + (this.flipped ? 1 - fraction : fraction) * (frame.bottom - frame.top);
    this.setHeight((row - frame.anchor) / (frame.bottom - frame.top));
  }

  linkRow(pane, row) {
    const frame = pane.stack?.frame;
    if (!frame) return;
    const { height, middle, pixel_mm: mm } = pane.stack;
    const measured = middle - (row - height / 2) * mm;
    const { anchor, top, bottom } = frame;
    this.setHeight(this.exam.is_measured ? measured : (row - anchor) / (bottom - top));
    this.followHeight();
  }

  followHeight() {
    const frame = this.reference;
    const pane = this.axial;
    if (!frame || !pane) return;
    const { positions, n_slices: n } = pane.stack;
    const down = this.height + (frame.anchor - frame.top) / (frame.bottom - frame.top);
    const fraction = this.flipped ? 1 - down : down;
    pane.show(this.exam.is_measured ? findNearest(positions, this.height) : Math.floor(fraction * n));
    this.follow(pane);
    this.announce(this.tell(pane));
  }

  moveHeight(rows) {
    if (this.height === null || !this.reference) return;
    const { top, bottom } = this.reference;
    const { is_measured: isMeasured, planes } = this.exam;
    const mm = Object.values(planes)[0].pixel_mm;
    this.setHeight(this.height + (isMeasured ? -rows * mm : rows / (bottom - top)));
    this.followHeight();
  }

  setHeight(height) {
    this.height = height;
    for (const pane of this.panes) if (pane.stack?.frame) this.repaint(pane);
  }

  findLinkedRow(stack) {
    if (this.height === null) return null;
    const { height, middle, pixel_mm: mm } = stack;
    if (this.exam.is_measured) return height / 2 - (this.height - middle) / mm;
    const { anchor, top, bottom } = stack.frame;
    return anchor + this.height * (bottom - top);
  }

  flip() {
    if (this.exam?.is_measured) return this.announce("Heights are known, nothing to flip");
    this.flipped = !this.flipped;
    setPressed(this.flipButton, this.flipped);
    this.linkSlice();
    this.announce(this.flipped ? "Axial stack flipped: from the bottom up" : "Axial stack as stored");
  }

  // ------------------------------------------------------------ display

  repaint(pane) {
    if (this.dirty.size === 0) requestAnimationFrame(() => this.paintAll());
    this.dirty.add(pane);
  }

  paintAll() {
    const panes = [...this.dirty];
    this.dirty.clear();
    for (const pane of panes) {
      pane.paint();
      pane.describe();
    }
  }

  reset() {
    for (const pane of this.panes) {
      pane.window = { ...FULL_WINDOW };
      pane.resetZoom();
      this.repaint(pane);
    }
  }

  toggleLarge() {
    const isLarge = this.body.classList.toggle("mv-large");
    setPressed(this.largeButton, isLarge);
  }

  toggleOverlay(name, wanted) {
    let on = wanted ?? !this.shown.has(name);
    if (name === "regions") {
      const next = this.regionSet === null ? 0 : REGION_SETS.indexOf(this.regionSet) + 1;
      this.regionSet = on || wanted === undefined ? (REGION_SETS[next] ?? null) : null;
      on = this.regionSet !== null;
      this.regionName.textContent = on ? `Regions: ${this.regionSet}` : "Regions";
    }
    if (on) this.shown.add(name);
    else this.shown.delete(name);
    setPressed(this.overlayButtons.get(name), on);
    for (const pane of this.panes) this.repaint(pane);
  }

  toggleOverlays() {
    const on = this.shown.size === 0;
    for (const { name } of OVERLAYS) this.toggleOverlay(name, on);
  }

  toggleLines() {
    this.linesShown = !this.linesShown;
    setPressed(this.linesButton, this.linesShown);
    for (const pane of this.panes) this.repaint(pane);
  }

  toggleHelp() {
    if (this.help.open) this.help.close();
    else this.help.showModal();
  }

  // After a moment, so that fast scrolling is not read out slice by slice.
  announce(text) {
    clearTimeout(this.announcing);
    this.announcing = setTimeout(() => (this.live.textContent = text), 250);
  }

  // ------------------------------------------------------------ labels and model

  describeTasks() {
    const buttons = this.view.tasks.map((task) => {
      const score = this.about.scores[task];
      const isChosen = task === this.task;
      const parts = [
        make("strong", {}, task),
        make("span", {}, `label ${describeLabel(this.about.labels[task])}`),
      ];
      if (this.view.has_scores) parts.push(make("span", {}, `model ${describeScore(score)}`));
      if (differs(this.about, task)) parts.push(make("span", { class: "mv-differs" }, "differ"));
      const attributes = { type: "button", "aria-pressed": String(isChosen) };
      return make("button", { ...attributes, onclick: () => this.chooseTask(task) }, ...parts);
    });
    const focused = [...this.tasks.children].indexOf(document.activeElement);
    this.tasks.replaceChildren(...buttons);
    if (focused >= 0) buttons[focused].focus();
  }

  chooseTask(task) {
    this.task = task;
    this.describeTasks();
    this.describeContributions();
    this.announce(`Task ${task}`);
  }

  nextTask() {
    const { tasks } = this.view;
    if (tasks.length) this.chooseTask(tasks[(tasks.indexOf(this.task) + 1) % tasks.length]);
  }

  describeContributions() {
    const found = this.exam?.contributions?.[this.task] ?? [];
    const title = `What raised or lowered the model's ${this.task}, in log-odds`;
    this.contributionsTitle.textContent = found.length ? title : "";
    this.buttons = found.map((item) => this.makeContribution(item));
    const others = this.exam?.others?.[this.task];
    this.others.textContent = others ? describeOthers(others) : "";
    this.contributions.replaceChildren(...this.buttons.map((button) => make("li", {}, button)));
  }

  makeContribution(item) {
    const { column, phrase, value, contribution } = item;
    const raises = contribution >= 0;
    const amount = Math.abs(contribution).toFixed(2);
    const text = `${raises ? "▲ raises" : "▼ lowers"} ${amount}`;
    return make(
      "button",
      {
        type: "button",
        title: `${item.sentence} ${column}`.trim(),
        class: raises ? "mv-raises" : "mv-lowers",
        "aria-pressed": String(column === this.column),
        onclick: () => this.jump(item),
      },
      make("span", { class: "mv-phrase" }, phrase),
      make("span", { class: "mv-value" }, value),
      make("span", { class: "mv-amount" }, text),
    );
  }

  jumpNext(n) {
    const found = this.exam?.contributions?.[this.task] ?? [];
    if (!found.length) return this.announce("No contributions");
    const at = found.findIndex((item) => item.column === this.column);
    const next = at < 0 ? (n > 0 ? 0 : found.length - 1) : (at + n + found.length) % found.length;
    this.buttons[next].scrollIntoView({ block: "nearest" });
    this.jump(found[next]);
  }

  jump(item) {
    this.column = item.column;
    const listed = this.exam.contributions[this.task];
    this.buttons.forEach((button, k) =>
      setPressed(button, listed[k].column === item.column),
    );
    const mark = this.exam.marks[item.column];
    const raw = `${item.column} = ${item.value}`;
    if (!mark) {
      this.status.textContent = `${raw}. ${item.unmarked}`;
      this.announce(`${item.phrase}: no place in the picture`);
      for (const pane of this.panes) this.repaint(pane);
      return;
    }
    const pane = this.panes.find(({ series }) => series === mark.plane);
    this.activate(pane);
    this.toggleOverlay("marks", true);
    this.showSlice(pane, mark.best_slice);
    pane.element.scrollIntoView({ block: "nearest" }); // on a phone it is far from the list
    const isRegion = mark.kind === "region";
    this.status.textContent = isRegion ? `${raw}. None found; region outlined.` : raw;
    const found = isRegion ? "none found, " : "";
    this.announce(`${item.phrase}: ${found}${this.tell(pane)}`);
  }

  describeFindings() {
    const rows = (this.exam?.findings ?? []).map(({ plane, code, severity, advice }) =>
      make("li", {}, make("strong", {}, `${code}, ${severity}`), ` ${plane} ${advice}`),
    );
    this.findings.replaceChildren(...rows);
  }

  // ------------------------------------------------------------ reader's marks

  setVerdict(severity, goOn = false) {
    const { id } = this.about;
    const old = this.marks.get(id) ?? NO_MARK;
    const remark = describeRemark(this.about, this.task, severity);
    const before = old.severity === severity ? old.remarks : [];
    const isSaid = remark === "" || before.includes(remark);
    const isSame = old.severity === severity && isSaid && !goOn; // the same key again takes it back
    const remarks = before.filter((each) => each !== remark);
    if (remark && !isSame) remarks.push(remark);
    const isGone = isSame && remarks.length === 0; // else it holds for another task
    this.putMark(id, { ...old, remarks, severity: isGone ? "note" : severity });
    const verdict = VERDICTS.find((each) => each.severity === severity);
    this.announce(isSame ? "Mark taken back" : `Exam ${this.shortIds.get(id)}: ${remark || verdict.label}`);
    if (goOn) this.turn(1);
  }

  setNote(note) {
    const old = this.marks.get(this.about.id) ?? NO_MARK;
    this.putMark(this.about.id, { ...old, note });
  }

  putMark(id, mark) {
    const before = this.marks.get(id)?.severity;
    if (mark.severity === "note" && mark.note === "") this.marks.delete(id);
    else this.marks.set(id, mark);
    this.source.saveMarks(listRows(this.view, this.marks));
    this.describeMark();
    if (before !== this.marks.get(id)?.severity) this.listMarks(); // not for each letter of a note
  }

  describeMark() {
    const mark = this.marks.get(this.about.id);
    VERDICTS.forEach(({ severity }, k) =>
      setPressed(this.verdictButtons[k], mark?.severity === severity),
    );
    this.remarks.textContent = (mark?.remarks ?? []).join("; ");
    if (this.note.value !== (mark?.note ?? "")) this.note.value = mark?.note ?? "";
  }

  listMarks() {
    this.saveButton.textContent = `Save ${this.countMarks()} as a file (S)`;
    this.fillFilters();
    this.fillExams();
  }

  countMarks() {
    return `${this.marks.size} mark${this.marks.size === 1 ? "" : "s"}`;
  }

  saveFile() {
    const text = `${JSON.stringify(listRows(this.view, this.marks), null, 2)}\n`;
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    make("a", { href: address, download: "marks.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    this.announce(`${this.countMarks()} saved`);
  }
}

// ---------------------------------------------------------------- where exams come from

// A notebook: each exam is asked of the kernel once, and comes in one message.
function readWidget(model) {
  const waiting = new Map();
  const receive = (message, buffers) => {
    const entry = waiting.get(message.id);
    if (!entry) return;
    waiting.delete(message.id);
    if (message.kind === "failed") entry.reject(new Error(message.text));
    else {
      const views = buffers.map((b) => new Uint8Array(b.buffer ?? b, b.byteOffset, b.byteLength));
      entry.resolve([message.detail, views]);
    }
  };
  model.on("msg:custom", receive);
  // Marks go as messages, since a change of the state waits until the kernel has answered the one
  // before. They come back as state, which this view has already.
  const by = Math.random().toString(36).slice(2);
  let { rows } = model.get("marked");
  let told = () => {};
  const changed = () => {
    const marked = model.get("marked");
    if (marked.by === by) return;
    ({ rows } = marked);
    told();
  };
  model.on("change:marked", changed);
  return {
    view: model.get("content"),
    load: (id) =>
      new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        model.send({ kind: "exam", id });
      }),
    readMarks: () => rows,
    saveMarks: (changedRows) => {
      rows = changedRows;
      model.send({ kind: "marks", by, rows });
    },
    onMarks: (tell) => (told = tell),
    close: () => {
      model.off("msg:custom", receive);
      model.off("change:marked", changed);
    },
  };
}

// What an address such as viewer.html#exam=0042&plane=sagittal&slice=12 asks for.
function readPlace({ hash }) {
  const asked = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  return { ...asked, slice: Number(asked.slice) };
}

// A page: exams are JSON in the page itself, parsed when they are shown.
function readPage(page) {
  const read = (id) => JSON.parse(page.getElementById(id).textContent);
  const view = read("mv-view");
  const place = `mrnet-features/${view.key}`;
  const decode = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  let rows = view.marks;
  try {
    const stored = JSON.parse(localStorage.getItem(place));
    if (areRows(stored)) rows = stored;
  } catch {
    // no JSON, or storage is not allowed, as in some private windows: marks live in this tab only
  }
  return {
    view,
    place: readPlace(location),
    load: async (id) => {
      const detail = read(`mv-exam-${view.exams.findIndex((exam) => exam.id === id)}`);
      return [detail, detail.buffers.map(decode)];
    },
    readMarks: () => rows,
    saveMarks: (changed) => {
      rows = changed;
      try {
        localStorage.setItem(place, JSON.stringify(rows));
      } catch {
        // as above; the file that the reader saves has all marks
      }
    },
  };
}

export function startPage(page) {
  const root = page.getElementById("mv-root");
  const viewer = new Viewer(root, readPage(page));
  window.addEventListener("hashchange", () => viewer.visit(readPlace(location)));
  viewer.active.screen.focus();
  return viewer;
}

export default {
  render({ model, el }) {
    const root = make("div");
    el.append(root);
    const viewer = new Viewer(root, readWidget(model));
    return () => viewer.close();
  },
};
