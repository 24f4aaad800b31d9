"""Screenshots: windows, web pages, phones, terminals, editors, chats, settings, dialogs; light and dark."""
from PIL import ImageDraw

from . import chart, common as c, icon
from .screen_parts import (Theme, almost_empty, bar, button, calendar, card_grid, chat, code, field_rows, files, list_rows,
                           paragraph, settings, sheet, sidebar, thumbnail, year)

BODIES = [list_rows] * 3 + [card_grid] * 2 + [settings] * 2 + [field_rows] * 2 + [chat, chat, files, files, sheet, code, paragraph] + [calendar] * 3 + [almost_empty] * 3
SPARSE = [calendar] * 3 + [almost_empty] * 3 + [year]


def body(rng, im, d, t, box):
    """Fills a box with one or two of the things that applications show."""
    x, y, w, h = box
    bodies = t.bodies or BODIES
    if w > 260 and rng.random() < 0.3 and bodies is BODIES:
        cut = w * rng.uniform(0.4, 0.7)
        rng.choice(BODIES)(rng, im, d, t, (x, y, cut - 6, h))
        rng.choice(BODIES + [board])(rng, im, d, t, (x + cut + 6, y, w - cut - 6, h))
    else:
        rng.choice(bodies)(rng, im, d, t, box)


def board(rng, im, d, t, box):
    """A dashboard inside an application: tiles with numbers, a chart and a list."""
    x, y, w, h = (int(v) for v in box)
    n = rng.randint(2, 4)
    for k in range(n):
        d.rounded_rectangle((x + k * w / n + 3, y + 3, x + (k + 1) * w / n - 3, y + h * 0.22), 5, fill=t.panel, outline=t.line)
        d.text((x + k * w / n + 10, y + 8), str(rng.randint(1, 9999)), font=c.font(rng, t.size * 1.6, "sans"), fill=t.accent)
    if w > 80 and h > 120:
        im.paste(chart.plain(rng, w - 8, int(h * 0.4), t.dark), (x + 4, y + int(h * 0.26)))
    list_rows(rng, im, d, t, (x, y + h * 0.7, w, h * 0.3))


def window(rng, W, H, t):
    """An application in its window: title bar, tool bar, side bar, body, status bar."""
    im, d = c.canvas(W, H, t.back)
    y = 0
    if rng.random() < 0.65:
        y += bar(rng, im, d, t, 0, 0, W, title=True)
    if rng.random() < 0.6:
        y += bar(rng, im, d, t, 0, y, W)
    x = 0
    if rng.random() < 0.55:
        x = int(W * rng.uniform(0.12, 0.3))
        sidebar(rng, im, d, t, (0, y, x, H - y))
    body(rng, im, d, t, (x + 10, y + 10, W - x - 20, H - y - 20))
    if rng.random() < 0.2:
        d.rectangle((0, H - t.size * 1.6, W, H), fill=t.accent)
    return im


def web(rng, W, H, t):
    """A web page: navigation, a banner, then columns."""
    im, d = c.canvas(W, H, t.back)
    y = bar(rng, im, d, t, 0, 0, W, title=rng.random() < 0.5, browser=rng.random() < 0.4)
    if rng.random() < 0.5:
        h = int(H * rng.uniform(0.15, 0.4))
        d.rectangle((0, y, W, y + h), fill=rng.choice([t.accent, t.panel, c.colour(rng)]))
        if rng.random() < 0.4:
            thumbnail(rng, im, (0, y, W, h))
        d.text((W * rng.choice([0.08, 0.3]), y + h * 0.25), c.title(rng, rng.randint(2, 5)), font=c.font(rng, t.size * 2.4, "sans"), fill=(255, 255, 255))
        button(rng, d, t, W * 0.3, y + h * 0.65)
        y += h
    m = W * rng.choice([0.02, 0.08, 0.16])
    body(rng, im, d, t, (m, y + 12, W - 2 * m, H - y - 16))
    return im


def phone(rng, W, H, t):
    """A phone's screen: status bar, title, body, tab bar, sometimes a keyboard or a sheet over it."""
    im, d = c.canvas(W, H, t.back)
    s, head = t.size, rng.choice([t.back, t.accent, t.panel])
    d.rectangle((0, 0, W, s * 4.6), fill=head)
    ink = (255, 255, 255) if sum(head) < 380 else (20, 20, 20)
    d.text((s, s * 0.3), f"{rng.randint(1, 12)}:{rng.randint(10, 59)}", font=c.font(rng, s * 0.9, "sans"), fill=ink)
    d.rectangle((W - s * 3, s * 0.5, W - s, s * 1.2), outline=ink)
    d.text((s * rng.choice([1, 3, W / s * 0.35]), s * 2.3), c.title(rng, rng.randint(1, 2)), font=c.font(rng, s * 1.4, "sans"), fill=ink)
    bottom = H - (s * 3.4 if rng.random() < 0.6 else 0)
    rng.choice([list_rows, list_rows, settings, chat, chat, card_grid, files, field_rows, paragraph])(rng, im, d, t, (s, s * 5.2, W - 2 * s, bottom - s * 5.6))
    if bottom < H:
        d.rectangle((0, bottom, W, H), fill=t.panel)
        for k in range(4):
            q = W * (k + 0.5) / 4
            d.ellipse((q - s * 0.7, bottom + s * 0.5, q + s * 0.7, bottom + s * 1.9), fill=t.accent if k == 0 else t.faint)
    if rng.random() < 0.12:  # keyboard
        y0 = H * 0.68
        d.rectangle((0, y0, W, H), fill=c.grey(rng, 30, 60) if t.dark else c.grey(rng, 200, 220))
        for r in range(4):
            for k in range(10 - r % 2):
                x0 = W * (k + 0.1 + (r % 2) * 0.5) / 10
                d.rounded_rectangle((x0, y0 + (r + 0.15) * (H - y0) / 4, x0 + W * 0.08, y0 + (r + 0.85) * (H - y0) / 4), 4, fill=t.panel)
    return im


def terminal(rng, W, H, t):
    im, d = c.canvas(W, H, rng.choice([(0, 0, 0), (30, 30, 30), (48, 10, 36), (0, 43, 54), (40, 42, 54), (255, 255, 255), (12, 12, 80)]))
    dark = im.getpixel((0, 0))[0] < 128
    f, y = c.font(rng, t.size, "mono"), 4
    if rng.random() < 0.5:
        y += bar(rng, im, d, t, 0, 0, W, title=True)
    inks = [c.grey(rng, 190, 235) if dark else c.grey(rng, 0, 60)] * 3 + [c.colour(rng, (0.5, 0.75) if dark else (0.2, 0.5)) for _ in range(3)]
    stop = H if rng.random() < 0.6 else H * rng.uniform(0.3, 0.9)
    while y < stop:
        x = 6
        for _ in range(rng.randint(0, 5)):
            s = rng.choice(["$ ", "# ", "/", "--", "[ok] ", "  ", ">>> "]) + c.words(rng, rng.randint(1, 4)).replace(" ", rng.choice([" ", "/", "_", "  "]))
            d.text((x, y), s, font=f, fill=rng.choice(inks))
            x += f.getlength(s + " ")
        y += t.size * 1.3
    return im


def editor(rng, W, H, t):
    im, d = c.canvas(W, H, t.back)
    y = bar(rng, im, d, t, 0, 0, W, title=rng.random() < 0.7)
    x = int(W * rng.choice([0, 0.2, 0.25]))
    if x:
        sidebar(rng, im, d, t, (0, y, x, H - y))
    code(rng, im, d, t, (x + 6, y + 4, W - x - 8, H - y - 4))
    return im


def desktop(rng, W, H, t):
    """A desktop with icons and a window or two."""
    im = c.texture(rng, W, H) if rng.random() < 0.3 else c.canvas(W, H, c.colour(rng, (0.15, 0.5)))[0]
    d = ImageDraw.Draw(im)
    for k in range(rng.randint(2, 8)):
        mark = icon.mark(rng, t.back).resize((28, 28))
        im.paste(mark, (14, 10 + k * 48))
        d.text((8, 40 + k * 48), c.words(rng, 1)[:8], font=c.font(rng, 9, "sans"), fill=(255, 255, 255))
    for _ in range(rng.randint(1, 2)):
        w, h = int(W * rng.uniform(0.4, 0.75)), int(H * rng.uniform(0.4, 0.8))
        im.paste(rng.choice([window, window, editor, terminal, web])(rng, w, h, Theme(rng)), (int((W - w) * rng.random()), int((H - h) * rng.random())))
    d.rectangle((0, H - 22, W, H), fill=c.grey(rng, 20, 60) if rng.random() < 0.6 else c.grey(rng, 210, 240))
    return im


def dialog(rng, W, H, t):
    """A dialog alone, or over a dimmed application."""
    if rng.random() < 0.5:
        im = window(rng, W, H, t).point(lambda v: int(v * 0.45))
    else:
        im, _ = c.canvas(W, H, t.panel if rng.random() < 0.5 else t.back)
    d = ImageDraw.Draw(im)
    w, h = W * rng.uniform(0.5, 0.95), H * rng.uniform(0.4, 0.95)
    x, y = (W - w) / 2, (H - h) / 2
    d.rounded_rectangle((x, y, x + w, y + h), rng.choice([0, 6, 14]), fill=t.back, outline=t.line)
    d.text((x + 16, y + 12), c.title(rng, rng.randint(2, 4)), font=c.font(rng, t.size * 1.5, "sans"), fill=t.ink)
    rng.choice([field_rows, settings, paragraph, list_rows])(rng, im, d, t, (x + 16, y + 12 + t.size * 3, w - 32, h - t.size * 8))
    button(rng, d, t, x + w - t.size * 9, y + h - t.size * 3)
    button(rng, d, t, x + w - t.size * 18, y + h - t.size * 3, quiet=True)
    return im


def draw(rng):
    t = Theme(rng)
    kind = rng.choice([window] * 6 + [web] * 5 + [phone] * 5 + [terminal] * 2 + [editor] * 2 + [desktop, dialog, dialog, dialog])
    W, H = ((rng.randint(300, 400), rng.randint(520, 800)) if kind is phone
            else rng.choice([(900, 560), (800, 600), (960, 540), (700, 500), (520, 420), (420, 500)]))
    im = kind(rng, W, H, t)
    if rng.random() < 0.15 and kind is not phone:  # a part of the screen, as people cut it out
        k = rng.uniform(0.45, 0.8)
        x, y = int(W * (1 - k) * rng.random()), int(H * (1 - k) * rng.random())
        im = im.crop((x, y, x + int(W * k), y + int(H * k)))
    if rng.random() < 0.12:  # the red boxes and arrows of manuals
        d = ImageDraw.Draw(im)
        for _ in range(rng.randint(1, 3)):
            x, y = im.width * rng.uniform(0, 0.7), im.height * rng.uniform(0, 0.8)
            d.rectangle((x, y, x + im.width * rng.uniform(0.1, 0.4), y + im.height * rng.uniform(0.05, 0.15)), outline=(230, 30, 30), width=3)
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.3 else im


def sparse(rng):
    """Calendars and pages with little on them, which pass for charts and documents; often only a part of the screen."""
    t = Theme(rng)
    t.bodies = SPARSE
    W, H = rng.choice([(900, 560), (960, 540), (700, 500)])
    im = rng.choice([window, web, web])(rng, W, H, t)
    if rng.random() < 0.5:
        k = rng.uniform(0.45, 0.8)
        x, y = int(W * (1 - k) * rng.random()), int(H * (1 - k) * rng.random())
        im = im.crop((x, y, x + int(W * k), y + int(H * k)))
    return c.jpeg(rng, im, 30, 95) if rng.random() < 0.5 else im
