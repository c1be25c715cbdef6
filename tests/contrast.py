"""Whether what a page says can be read: texts whose contrast with their ground is less than WCAG 2.2 asks for (AA)."""

from __future__ import annotations

from typing import Any

_SCRIPT = r"""() => {
  const pixel = Object.assign(document.createElement("canvas"), {width: 1, height: 1}).getContext("2d", {willReadFrequently: true});
  const colour = (text) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = text;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (a, b) => [0, 1, 2].map((n) => a[n] * a[3] + b[n] * (1 - a[3])).concat(1);
  const light = (c) => {
    const [r, g, b] = c.map((v) => v / 255 <= .04045 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4);
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const above = (element) => element ? [element, ...above(element.parentElement)] : [];
  const ground = (element) => above(element).map((one) => colour(getComputedStyle(one).backgroundColor)).reverse()
    .reduce((below, own) => over(own, below), [255, 255, 255, 1]);
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const said = texts.currentNode.textContent.trim(), element = texts.currentNode.parentElement;
    if (!said || !element.getBoundingClientRect().width || element.closest(".hidden, title")) continue;
    const style = getComputedStyle(element), picture = element.closest("svg");
    const ink = colour(picture ? style.fill : style.color), on = ground(picture ?? element);
    ink[3] *= above(element).reduce((all, one) => all * getComputedStyle(one).opacity, 1);
    const [a, b] = [light(over(ink, on)), light(on)].sort((x, y) => x - y);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if ((b + .05) / (a + .05) < (large ? 3 : 4.5)) found.push(said.slice(0, 40));
  }
  return found;
}"""


def faint(tab: Any) -> list[str]:
    """The texts of a page that stand out too little."""
    found: list[str] = tab.evaluate(_SCRIPT)
    return found
