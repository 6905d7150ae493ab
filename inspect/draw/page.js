"use strict";
/* Steps through a drawing: each figure of the picture has a timeline of texts, each frame says what to point at. */
(() => {
    const data = JSON.parse(document.getElementById("data").textContent);
    const element = id => document.getElementById(id);
    const svg = document.querySelector("#picture svg");
    const plain = html => {
        const area = document.createElement("textarea");
        area.innerHTML = html;
        return area.value.replaceAll("\\\\", "\\"); /* the picture's text doubles it */
    };
    const make = (name, attributes, ...children) => {
        const made = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
        made.append(...children);
        return made;
    };

    /* ---- figures: places in the picture that hold the marks of one or more ---------------------------------- */

    const mark = /\uf8ff0*(\d+)\uf8ff/g;
    const places = [];
    const find = (target, get, set) => {
        if (get(target).includes("\uf8ff")) places.push({template: get(target), set: text => set(target, text)});
    };
    for (const text of svg.querySelectorAll("text"))
        find(text, t => t.textContent, (t, value) => { t.textContent = value; });
    for (const link of svg.querySelectorAll("a"))
        for (const name of link.getAttributeNames().filter(n => n.endsWith("title")))
            find(link, a => a.getAttribute(name), (a, value) => a.setAttribute(name, value));
    const timelines = data.figures.map(line => line.map(([frame, text]) => [frame, plain(text)]));
    const at = (line, frame) => {
        let text = "";
        for (const [from, value] of line) if (from <= frame) text = value;
        return text;
    };

    /* ---- tensors as tables, coloured by value ---------------------------------------------------------------- */

    /* Orange below zero, blue above, white at zero: apart for the colour-blind, and by the sign in print. */
    const shade = (value, most) => {
        const part = most > 0 ? Math.min(1, Math.abs(value) / most) : 0;
        const [r, g, b] = value < 0 ? [213, 94, 0] : [0, 114, 178];
        const mix = channel => Math.round(255 + (channel - 255) * 0.75 * part);
        return `rgb(${mix(r)},${mix(g)},${mix(b)})`;
    };
    const table = (caption, tensor, numbers) => {
        const most = Math.max(0, ...numbers.map(n => Math.abs(Number(n))).filter(Number.isFinite));
        const made = make("table", {class: "tensor"}, make("caption", {}, caption));
        for (let row = 0; row < tensor.rows; row++) {
            const line = make("tr", {});
            for (let column = 0; column < tensor.columns; column++) {
                const text = numbers[row * tensor.columns + column];
                line.append(make("td", {style: "background:" + shade(Number(text), most)}, text));
            }
            made.append(line);
        }
        if (tensor.more) made.append(make("tr", {}, make("td", {colspan: tensor.columns, class: "more"}, "...")));
        return made;
    };
    const tensors = frame => {
        const shown = [];
        for (const node of [...new Set([frame.node, ...(frame.operands || [])])]) {
            const tensor = data.tensors[node];
            if (!tensor) continue;
            const name = plain(tensor.name) + " " + tensor.shape;
            if (frame.pass !== "backward") shown.push(table(name, tensor, tensor.value));
            else if (tensor.grad) shown.push(table("gradient of " + name, tensor, tensor.grad));
        }
        return shown;
    };

    /* ---- what a frame says ------------------------------------------------------------------------------------ */

    const contributions = rows => {
        const head = make("tr", {}, ...["to", "local derivative", "cotangent", "contribution", "sum so far"]
            .map(text => make("th", {scope: "col"}, text)));
        const made = make("table", {class: "sums"}, head);
        for (const [name, local, cotangent, product, sum] of rows)
            made.append(make("tr", {}, make("th", {scope: "row"}, plain(name)), make("td", {}, local),
                make("td", {}, "\u00d7 " + cotangent), make("td", {}, "= " + product), make("td", {}, sum)));
        return made;
    };
    const curve = frame => {
        const ys = data.frames.map(f => Number(f.y)), low = Math.min(...ys), high = Math.max(...ys);
        const x = i => 5 + 290 * (ys.length > 1 ? i / (ys.length - 1) : 0.5);
        const y = v => 95 - 90 * (high > low ? (v - low) / (high - low) : 0.5);
        const box = make("div", {class: "curve"});
        const points = ys.map((v, i) => x(i) + "," + y(v)).join(" ");
        box.innerHTML = `<svg viewBox="0 0 300 100" role="img" aria-label="the result at each step">
            <polyline points="${points}"/><circle r="4" cx="${x(frame)}" cy="${y(ys[frame])}"/></svg>`;
        return box;
    };
    const describe = (frame, number) => {
        const parts = [make("h2", {}, plain(frame.title))];
        for (const line of frame.lines || []) parts.push(make("p", {class: "formula"}, plain(line)));
        if (frame.rows && frame.rows.length) parts.push(contributions(frame.rows));
        if (frame.y !== undefined) parts.push(curve(number));
        parts.push(...tensors(frame));
        if (frame.at) parts.push(make("p", {class: "place"}, plain(frame.at)));
        return parts;
    };

    /* ---- showing a frame --------------------------------------------------------------------------------------- */

    const count = data.frames.length;
    const steps = data.frames.map((frame, i) => {
        const button = make("button", {type: "button"}, plain(frame.title));
        button.addEventListener("click", () => show(i));
        element("steps").append(make("li", {}, button));
        return button;
    });
    const born = {}; /* the frame in which a node gets its value */
    data.frames.forEach((frame, i) => {
        for (const node of frame.born || []) {
            born[node] = i;
            element("node-" + node)?.addEventListener("click", () => show(i));
        }
    });
    let current = -1, timer = 0;

    function show(number) {
        number = Math.max(0, Math.min(count - 1, number));
        if (number === current) return;
        current = number;
        const frame = data.frames[number];
        for (const place of places)
            place.set(place.template.replace(mark, (_, i) => at(timelines[i], number)));
        for (const [node, from] of Object.entries(born))
            element("node-" + node)?.classList.toggle("pending", from > number);
        for (const old of svg.querySelectorAll(".current, .operand")) old.classList.remove("current", "operand");
        for (const node of frame.operands || []) element("node-" + node)?.classList.add("operand");
        (frame.operands || []).forEach((_, k) => element(`edge-${frame.node}-${k}`)?.classList.add("current"));
        element("node-" + frame.node)?.classList.add("current");
        steps.forEach((step, i) => i === number ? step.setAttribute("aria-current", "step")
                                                : step.removeAttribute("aria-current"));
        if (document.activeElement?.closest?.("#steps")) steps[number].focus();
        const list = element("steps"), item = steps[number].parentElement;
        list.scrollTop = item.offsetTop - list.clientHeight / 2; /* offsets are counted from the list */
        element("panel").replaceChildren(...describe(frame, number));
        element("slider").value = number;
        element("slider").setAttribute("aria-valuetext", plain(frame.title));
        element("count").textContent = `${number + 1} of ${count}`;
        reveal();
        document.documentElement.dataset.step = number;
        history.replaceState(null, "", "#step=" + number);
    }

    /* ---- size: the whole picture, or as much of it as can be read, around the current node ----------------------- */

    const area = element("picture"), {width, height} = svg.viewBox.baseVal;
    let whole = data.frames.every(frame => frame.node === undefined);
    const resize = () => {
        const fit = Math.min((area.clientWidth - 32) / width, (area.clientHeight - 32) / height, 1.6);
        svg.setAttribute("width", width * (whole ? fit : Math.max(fit, 0.9)));
        svg.removeAttribute("height");
        reveal();
    };
    function reveal() {
        const node = svg.querySelector(".node.current");
        if (node) node.scrollIntoView({block: "center", inline: "center"});
    }
    addEventListener("resize", resize);

    /* ---- controls ---------------------------------------------------------------------------------------------- */

    const stop = () => { clearInterval(timer); timer = 0; element("play").textContent = "Play"; };
    const play = () => {
        if (timer) return stop();
        if (current === count - 1) show(0);
        timer = setInterval(() => current === count - 1 ? stop() : show(current + 1), 900);
        element("play").textContent = "Pause";
    };
    const actions = {
        first: () => show(0), previous: () => show(current - 1), next: () => show(current + 1),
        last: () => show(count - 1), play,
        theme: () => {
            const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches;
            root.dataset.theme = (root.dataset.theme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
        },
        size: () => { whole = !whole; resize(); },
    };
    for (const [name, act] of Object.entries(actions)) element(name).addEventListener("click", act);
    const slider = element("slider");
    slider.max = count - 1;
    slider.addEventListener("input", () => show(Number(slider.value)));
    const keys = {ArrowRight: "next", ArrowLeft: "previous", Home: "first", End: "last", " ": "play"};
    document.addEventListener("keydown", event => {
        const name = keys[event.key];
        if (!name || event.ctrlKey || event.altKey || event.metaKey) return;
        if (event.key === " " && event.target.closest("button")) return;
        event.preventDefault();
        actions[name]();
    });
    let before = 0;
    addEventListener("beforeprint", () => { before = current; show(count - 1); });
    addEventListener("afterprint", () => show(before));
    const wanted = () => { const step = /^#step=(\d+)$/.exec(location.hash); return step ? Number(step[1]) : 0; };
    addEventListener("hashchange", () => show(wanted()));
    show(wanted());
    resize();
})();
