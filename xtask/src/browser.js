// Looks at a report in frames: a phone, a window, and one with everything unfolded.
// Each problem becomes a line of the verdict.
const verdict = document.getElementById("verdict");
const problems = [];
const frames = [[360, false], [360, true], [1280, true]].map(([width, unfolded]) => {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  frame.srcdoc = PAGE;
  document.body.append(frame);
  return [frame, width, unfolded];
});

function check(right, problem) {
  if (!right) problems.push(problem.replaceAll("\n", " "));
}

// From 0, black, to 255.
function brightness(colour) {
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function look(frame, width, unfolded) {
  const page = frame.contentDocument;
  const at = `at ${width} px${unfolded ? ", unfolded" : ""}: `;
  if (unfolded) page.querySelectorAll("details").forEach((it) => { it.open = true; });
  const { scrollWidth, clientWidth } = page.documentElement;
  check(clientWidth > width - 30, `${at}the frame is ${clientWidth} px wide`);
  check(scrollWidth <= clientWidth, `${at}the page is ${scrollWidth} px wide, of ${clientWidth}`);
  const style = frame.contentWindow.getComputedStyle(page.body);
  const back = brightness(style.backgroundColor);
  const ink = brightness(style.color);
  check(DARK ? back < 64 : back > 192, `${at}the background is ${style.backgroundColor}`);
  check(Math.abs(back - ink) > 128, `${at}${style.color} on ${style.backgroundColor}`);
  check(page.querySelectorAll("h1").length === 1, `${at}no heading`);
  const foreign = page.querySelectorAll("script, img, iframe, object, embed, link, form, input, base");
  check(foreign.length === 0, `${at}an element '${foreign[0]?.tagName}'`);
  for (const element of page.querySelectorAll("*")) {
    for (const { name } of element.attributes) {
      check(!name.startsWith("on"), `${at}an attribute '${name}'`);
    }
  }

  check(page.title !== "pwned" && document.title === "", `${at}a script ran`);
  const requests = frame.contentWindow.performance.getEntriesByType("resource");
  check(requests.length === 0, `${at}a request for '${requests[0]?.name}'`);
  const hostile = page.body.textContent.includes("pwned");
  check(!hostile || page.body.innerText.includes(LITERAL), `${at}'${LITERAL}' is not shown`);
  for (const svg of page.querySelectorAll("svg[role=img]")) {
    const { width: drawn, height } = svg.getBoundingClientRect();
    check(drawn > 60 && height > 8, `${at}a chart of ${drawn} x ${height} px`);
  }
}

window.onload = () => {
  for (const [frame, width, unfolded] of frames) {
    try {
      look(frame, width, unfolded);
    } catch (error) {
      problems.push(String(error));
    }
  }
  verdict.textContent = [...problems, "done"].join("\n");
};
