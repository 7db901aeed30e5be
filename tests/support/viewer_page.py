"""Keys for the open viewer, and what it shows."""


def settle(page):
    """Wait until what a key changed is painted."""
    page.evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
    )


def read_pixel(page, plane, x=0.5, y=0.3):
    """Red, green and blue of a point of the picture, as fractions of the canvas."""
    script = """([plane, x, y]) => {
        const canvas = document.querySelector(`[data-plane=${plane}] canvas`);
        // on a copy: reading the viewer's own canvas often makes Chromium complain
        const copy = new OffscreenCanvas(1, 1).getContext("2d");
        copy.drawImage(canvas, -Math.round(x * canvas.width), -Math.round(y * canvas.height));
        return [...copy.getImageData(0, 0, 1, 1).data].slice(0, 3);
    }"""
    return page.evaluate(script, [plane, x, y])


def read_position(page, plane):
    return page.locator(f"[data-plane={plane}] .mv-position").inner_text()


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)
    settle(page)
