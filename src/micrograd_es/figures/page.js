(() => {
  "use strict";
  const at = (id) => document.getElementById("mg-" + id);
  const { slides, text } = JSON.parse(at("data").textContent);
  const [root, main, stage, captions, slider, counter] =
    [document.documentElement, at("main"), at("stage"), at("captions"), at("slider"), at("counter")];
  const svg = stage.querySelector("svg");
  const box = svg.viewBox.baseVal;
  const items = [...captions.children];
  const last = slides.length - 1;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const clamp = (low, x, high) => Math.min(Math.max(x, low), high);

  // Which step a key first appears on; a key of no step is always there.
  const first = new Map();
  slides.forEach((slide, i) => slide.show.forEach((key) => first.has(key) || first.set(key, i)));
  const keyed = (figure) => [...figure.querySelectorAll("[data-key], [data-until]")];
  const elements = keyed(svg);

  // A marker behind a number: one that stays for the step, or one that passes over what has just appeared.
  function mark(text, original, passing) {
    const { x, y, width, height } = original.getBBox();
    const pad = height / 5;
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    const sizes = { x: x - pad, y, width: width + 2 * pad, height, rx: pad, class: passing ? "mg-mark passing" : "mg-mark" };
    for (const [name, value] of Object.entries(sizes)) rect.setAttribute(name, value);
    if (text.hasAttribute("transform")) rect.setAttribute("transform", text.getAttribute("transform"));
    text.before(rect);
  }

  function dress(figure, i, fresh) { // `figure`: the elements of the drawing, or of a copy, in the same order
    const active = new Set(slides[i].active);
    const changed = [];
    figure.forEach((element, n) => {
      const { key, until } = element.dataset;
      if (until) return element.classList.toggle("absent", first.get(until) <= i);
      const since = first.get(key) ?? -1;
      const appears = fresh && since === i;
      element.classList.toggle("absent", since > i);
      element.classList.toggle("active", active.has(key));
      element.classList.toggle("fresh", appears);
      if (since === i || active.has(key)) changed.push(element);
      if (element.localName === "text" && since <= i && (appears || active.has(key))) mark(element, elements[n], !active.has(key));
    });
    return changed;
  }

  function redress(i, fresh) {
    for (const old of svg.querySelectorAll(".mg-mark")) old.remove();
    return dress(elements, i, fresh);
  }

  let now = -1;
  function go(i) {
    i = clamp(0, i, last);
    if (i === now) return;
    const started = now >= 0;
    const changed = redress(i, started && i > now);
    if (started) items[now].classList.remove("on");
    items[i].classList.add("on");
    now = i;
    const place = `${i + 1} / ${last + 1}`;
    counter.value = place;
    slider.value = i + 1;
    slider.style.setProperty("--done", (last ? (100 * i) / last : 0) + "%");
    slider.setAttribute("aria-valuetext", `${place}. ${slides[i].text}`);
    at("previous").setAttribute("aria-disabled", i === 0);
    at("next").setAttribute("aria-disabled", i === last);
    captions.scrollTop = 0;
    if (!started) return;
    at("live").textContent = `${place}. ${slides[i].text}`;
    if (zoom > 1) follow(changed);
    try { if (location.protocol !== "about:") history.replaceState(null, "", "#" + (i + 1)); }
    catch { /* some browsers ration this call: the address then lags, the figure does not */ }
  }

  function fromAddress() {
    const found = /^#([1-9]\d{0,5})$/.exec(location.hash);
    return found && found[1] <= last + 1 ? found[1] - 1 : 0;
  }

  // Playing.
  let timer = 0;
  function label(button, on, words) {
    button.toggleAttribute("data-on", on);
    button.setAttribute("aria-label", words);
    button.title = `${words} (${button.getAttribute("aria-keyshortcuts")})`;
  }
  function pause() {
    clearTimeout(timer);
    timer = 0;
    label(at("play"), false, text.play);
  }
  function tick() {
    timer = setTimeout(() => { go(now + 1); if (now < last) tick(); else pause(); }, 1000 * at("speed").value);
  }
  function play() {
    if (timer) return pause();
    if (now === last) go(0);
    label(at("play"), true, text.pause);
    tick();
  }
  const move = (i) => { pause(); go(i); };

  // Size and place: the caption stands where it leaves the figure larger, and beside it when that is no loss.
  let scale = 1, zoom = 1;
  function room() {
    const style = getComputedStyle(main);
    const size = (name) => parseFloat(style[name]);
    return { row: size("rowGap"), column: size("columnGap"),
      width: main.clientWidth - size("paddingLeft") - size("paddingRight"),
      height: main.clientHeight - size("paddingTop") - size("paddingBottom") };
  }

  function arrange(place) {
    main.dataset.place = place;
    const { width, height, row, column } = room();
    const side = place === "side";
    const spare = width - column - (box.width * height) / box.height; // beside a narrow figure the caption spreads
    const panel = side ? clamp(280, Math.max(0.27 * width, 0.62 * spare), Math.max(280, Math.min(0.42 * width, 800))) : width;
    main.style.setProperty("--column", panel + "px");
    const limit = side ? height - at("title").offsetHeight - row : 0.45 * height;
    let size = side ? clamp(18, panel / 17, 36) : clamp(18, Math.min(width / 19, Math.max(20, Math.min(width / 36, height / 28))), 36);
    const tall = () => { captions.style.fontSize = size + "px"; return Math.max(...items.map((item) => item.offsetHeight)); };
    let most = tall();
    while (most > limit && size > 14) { size -= 1; most = tall(); }
    captions.classList.toggle("long", most > limit);
    captions.style.maxHeight = limit + "px";
    const free = side
      ? [width - panel - column, height]
      : [width, height - captions.offsetHeight - at("title").offsetHeight - 2 * row];
    return Math.max(0.01, Math.min(free[0] / box.width, free[1] / box.height, Math.max(2, innerHeight / 240)));
  }

  function layout() {
    if (main.clientWidth < 40) return; // on its way to the printer
    stage.style.height = "";
    main.classList.remove("zoomed");
    svg.style.width = svg.style.height = "0";
    const { width, height } = room();
    const below = arrange("below");
    scale = below;
    if (width > 640 && width > 0.9 * height) {
      const beside = arrange("side");
      scale = beside * 1.2 >= below ? beside : arrange("below");
    }
    resize(zoom);
  }

  const nearest = () => Math.max(4, 2.5 / scale);
  function resize(to, x = 0.5, y = 0.5) { // (x, y): the point of the stage that stays where it is
    const [left, top] = [(stage.scrollLeft + x * stage.clientWidth) / (stage.scrollWidth || 1),
      (stage.scrollTop + y * stage.clientHeight) / (stage.scrollHeight || 1)];
    zoom = clamp(1, to, nearest());
    if (zoom < 1.05) zoom = 1;
    main.classList.toggle("zoomed", zoom > 1);
    svg.style.width = box.width * scale * zoom + "px";
    svg.style.height = box.height * scale * zoom + "px";
    stage.style.height = zoom === 1 && main.dataset.place === "below" ? box.height * scale + "px" : "";
    stage.scrollTo(left * stage.scrollWidth - x * stage.clientWidth, top * stage.scrollHeight - y * stage.clientHeight);
    at("smaller").setAttribute("aria-disabled", zoom === 1);
    at("larger").setAttribute("aria-disabled", zoom >= nearest());
  }

  function follow(changed) { // zoomed in, the view goes where the step happens
    const boxes = changed.map((element) => element.getBoundingClientRect()).filter((b) => b.width || b.height);
    if (!boxes.length) return;
    const view = stage.getBoundingClientRect();
    const middle = (low, high) => (Math.min(...boxes.map((b) => b[low])) + Math.max(...boxes.map((b) => b[high]))) / 2;
    stage.scrollBy({ left: middle("left", "right") - (view.left + view.right) / 2,
      top: middle("top", "bottom") - (view.top + view.bottom) / 2, behavior: still.matches ? "auto" : "smooth" });
  }

  function fullScreen() {
    if (!document.fullscreenEnabled) return;
    (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen()).catch(() => {});
  }

  // Keys. A control in focus keeps the keys it answers to itself.
  const keys = {
    ArrowRight: () => move(now + 1), PageDown: () => move(now + 1), ArrowLeft: () => move(now - 1), PageUp: () => move(now - 1),
    Home: () => move(0), End: () => move(last), p: play, f: fullScreen,
    "+": () => resize(zoom * 1.4), "=": () => resize(zoom * 1.4), "-": () => resize(zoom / 1.4), 0: () => resize(1),
  };
  const pans = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const own = event.target.closest?.("button, select");
    let act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (event.key === " " && !own) act = () => move(now + (event.shiftKey ? -1 : 1));
    if (own?.tagName === "SELECT" && !event.key.startsWith("Page")) act = null;
    if (event.shiftKey && zoom > 1 && pans[event.key])
      act = () => stage.scrollBy(...pans[event.key].map((way) => way * 0.2 * stage.clientWidth));
    if (!act) return;
    event.preventDefault();
    act();
  });

  const clicks = {
    previous: () => move(now - 1), next: () => move(now + 1), play, full: fullScreen,
    smaller: () => resize(zoom / 1.4), larger: () => resize(zoom * 1.4),
  };
  for (const [name, act] of Object.entries(clicks)) {
    at(name).addEventListener("click", act);
    at(name).addEventListener("mousedown", (event) => { // no focus, so that the space bar stays "next step" …
      event.preventDefault();
      focus(); // … but in a notebook the keys now belong to this figure
    });
  }
  slider.addEventListener("input", () => move(slider.value - 1));
  slider.addEventListener("change", () => { if (!slider.matches(":focus-visible")) slider.blur(); });
  at("speed").addEventListener("change", () => { at("speed").blur(); if (timer) { clearTimeout(timer); tick(); } });

  // Touch: one finger across goes a step; zoomed in, it moves the figure.
  let touch = null;
  main.addEventListener("touchstart", (event) => {
    touch = event.touches.length === 1 && zoom === 1 && (visualViewport?.scale ?? 1) < 1.05 ? event.touches[0] : null;
  }, { passive: true });
  main.addEventListener("touchend", (event) => {
    if (!touch) return;
    const [x, y] = [event.changedTouches[0].clientX - touch.clientX, event.changedTouches[0].clientY - touch.clientY];
    touch = null;
    if (Math.abs(x) > 45 && Math.abs(x) > 1.5 * Math.abs(y)) move(now + (x < 0 ? 1 : -1));
  });

  // Mouse: drag the figure when it is larger than its place, double-click to go near and back.
  stage.addEventListener("pointerdown", (event) => {
    if (zoom === 1 || event.pointerType !== "mouse" || event.button) return;
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("held");
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.classList.contains("held")) stage.scrollBy(-event.movementX, -event.movementY);
  });
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => stage.classList.remove("held"));
  stage.addEventListener("dblclick", (event) => {
    const view = stage.getBoundingClientRect();
    resize(zoom > 1 ? 1 : Math.max(2, 1.5 / scale), (event.clientX - view.left) / view.width, (event.clientY - view.top) / view.height);
  });

  // Full screen: the buttons and the pointer withdraw while the mouse rests.
  let rest = 0;
  function stir() {
    clearTimeout(rest);
    root.classList.remove("idle");
    if (document.fullscreenElement) rest = setTimeout(() => root.classList.add("idle"), 2500);
  }
  addEventListener("pointermove", stir);
  addEventListener("pointerdown", stir);
  document.addEventListener("fullscreenchange", () => {
    label(at("full"), !!document.fullscreenElement, document.fullscreenElement ? text.window : text.full);
    stir();
  });
  at("full").hidden = !document.fullscreenEnabled;

  // Paper: every step a sheet, drawn when asked for.
  addEventListener("beforeprint", () => {
    const make = (name, className, ...children) => {
      const made = document.createElement(name);
      made.className = className;
      made.append(...children);
      return made;
    };
    const lines = Math.max(...items.map((item) => item.offsetHeight)) / parseFloat(captions.style.fontSize);
    const paper = make("style", "");
    paper.textContent = `@page { margin: 0 } .mg-caption { min-height: ${lines.toFixed(2)}em }`;
    at("print").replaceChildren(paper, ...slides.map((slide, i) => {
      const figure = svg.cloneNode(true);
      figure.removeAttribute("style");
      for (const old of figure.querySelectorAll(".mg-mark")) old.remove();
      dress(keyed(figure), i, false);
      const caption = make("div", "mg-caption");
      caption.append(...items[i].cloneNode(true).childNodes);
      return make("section", "mg-sheet",
        make("header", "", make("span", "", at("title").textContent), make("span", "", `${i + 1} / ${last + 1}`)),
        make("div", "mg-figure", figure), caption);
    }));
  });
  addEventListener("afterprint", () => at("print").replaceChildren());

  root.className = "live";
  go(fromAddress());
  layout();
  new ResizeObserver(layout).observe(main);
  document.fonts?.ready.then(() => { redress(now, false); layout(); });
  addEventListener("hashchange", () => move(fromAddress()));
})();
