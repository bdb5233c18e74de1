"""A slice through the upper abdomen, drawn from a body and a height in it.

Values are those of the portal venous phase, in HU; sizes are of grown-ups, in millimetres. It is a picture for testing and for showing
how a method behaves; nothing clinical can be learnt from it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from medai_ldct.datasets.canvas import Canvas, Floats, Mask, Shape

FIELD_OF_VIEW = 400.0
"""Millimetres across a slice."""
_FAT = -103.0


@dataclass(frozen=True)
class Body:
    """What makes one subject differ from another."""

    width: float
    depth: float
    fat: float
    liver: float
    spleen: float
    kidney: float
    blood: float
    lean: float
    rib_turn: float
    stomach_gas: float

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Body:
        """A subject at random."""
        width = rng.uniform(148, 182)
        return cls(
            width=width, depth=width * rng.uniform(0.68, 0.76), fat=rng.uniform(6, 22), liver=rng.uniform(95, 122),
            spleen=rng.uniform(108, 132), kidney=rng.uniform(150, 185), blood=rng.uniform(140, 180), lean=rng.uniform(50, 66),
            rib_turn=rng.uniform(0, 0.4), stomach_gas=rng.uniform(0.1, 0.6),
        )  # fmt: skip


def draw(body: Body, height: float, size: int, rng: np.random.Generator) -> Floats:
    """A slice (size, size) in HU; `height` runs from 0 (the kidneys' lower half) to 1 (under the diaphragm)."""
    canvas = Canvas(size, FIELD_OF_VIEW, rng)
    slice_ = _Slice(canvas, body, height, rng)
    slice_.wall()
    slice_.spine()
    slice_.great_vessels()
    slice_.kidneys()
    slice_.liver()
    slice_.spleen()
    slice_.stomach()
    slice_.pancreas()
    slice_.bowel()
    slice_.couch()
    canvas.add(canvas.whole(canvas.hu > -300), 3.5 * canvas.cloud(20.0))
    return canvas.develop(0.7)


class _Slice:
    """One slice; the methods draw in the order in which they are called, and what is taken is no longer free."""

    def __init__(self, canvas: Canvas, body: Body, height: float, rng: np.random.Generator) -> None:
        self.canvas, self.body, self.height, self.rng = canvas, body, height, rng
        self.free: Mask = np.zeros(canvas.hu.shape, dtype=bool)
        self.cavity: Mask = self.free
        self.spine_y = body.depth - body.fat - 60
        self.about: Any = rng.uniform

    def wall(self) -> None:
        """Skin, fat beneath it, muscle with ribs, and the fat around the organs."""
        canvas, body = self.canvas, self.body
        outline = canvas.mask_of(canvas.oval(0, 0, body.width, body.depth, power=2.35, wobble=0.025))
        inside = canvas.depth(outline)
        canvas.paint(canvas.whole(outline), 15)
        canvas.paint(canvas.whole(inside > 1.8), _FAT)
        canvas.add(canvas.whole(inside > 1.8), 6 * canvas.cloud(20.0) + 45 * canvas.threads(16.0, 1.6))
        # Fat lies thicker at the flanks and the back than in front.
        rim = body.fat * (1 + 0.35 * (canvas.y / body.depth) + 0.2 * np.abs(canvas.x) / body.width)
        lean = inside > rim
        canvas.paint(canvas.whole(lean), body.lean)
        layered = np.sin((inside - rim) * 1.1) * 18 * (inside - rim < 14)
        canvas.add(canvas.whole(lean), np.minimum(0, layered) + 5 * canvas.cloud(20.0) - 45 * canvas.threads(14.0, 1.2))
        self.cavity = inside > rim + 12 + 4 / (1 + np.exp(-canvas.y / 15))
        canvas.paint(canvas.whole(self.cavity), _FAT)
        canvas.add(canvas.whole(self.cavity), 7 * canvas.cloud(20.0) + 75 * canvas.threads(11.0, 1.5))
        self.free = canvas.shrunk(self.cavity, 1.5)
        self._ribs()

    def _ribs(self) -> None:
        body = self.body
        for side in (-1, 1):
            for number in range(6):
                angle = -0.75 + number * 0.42 + body.rib_turn + 0.1 * self.height
                deep = body.fat * 1.2 + 7
                x, y = side * (body.width - deep) * math.cos(angle) * 1.01, (body.depth - deep) * math.sin(angle) * 1.01
                if abs(x) < 38:
                    continue
                tilt = math.atan2(body.depth * math.cos(angle), -side * body.width * math.sin(angle))
                long = self.about(6, 10)
                self._bone(x, y, long, 4.0, tilt)

    def _bone(self, x: float, y: float, rx: float, ry: float, tilt: float = 0.0, shell: float = 1.5, marrow: float = 150) -> None:
        """An oval with a dense shell and marrow."""
        canvas = self.canvas
        whole = canvas.oval(x, y, rx, ry, tilt=tilt, wobble=0.08)
        canvas.paint(whole, self.about(480, 650))
        canvas.paint(canvas.oval(x, y, max(1, rx - shell), max(1, ry - shell), tilt=tilt), marrow)
        self._take(whole)

    def spine(self) -> None:
        """Vertebra with its canal and processes, the muscles of the back, psoas and the legs of the diaphragm."""
        canvas, y, lean = self.canvas, self.spine_y, self.body.lean
        for side in (-1, 1):
            muscle = canvas.oval(side * 33, y + 34, 27, 19, tilt=side * -0.12, wobble=0.06)
            canvas.paint(muscle, lean)
            canvas.add(muscle, np.minimum(0, canvas.noise(2.0) + 0.6) * 20 - 60 * canvas.threads(9.0, 1.3))
            self._take(muscle)
            if self.height < 0.55:
                psoas = canvas.oval(side * 32, y + 4, 11 + 9 * (0.55 - self.height), 14, tilt=side * 0.3, wobble=0.05)
                canvas.paint(psoas, lean + 4)
                self._take(psoas)
            else:
                leg = canvas.oval(side * 19, y - 18, 5, 15, tilt=side * -0.5, wobble=0.08)
                canvas.paint(leg, lean + 6)
                self._take(leg)
        for side in (-1, 1):
            self._bone(side * 30, y + 19, 15, 4.2, side * -0.30)
            self._bone(side * 14, y + 23, 9, 4.5, side * 0.85)
        self._bone(0, y + 45, 3.6, 12)
        body = canvas.oval(0, y, 24, 19, power=2.5, wobble=0.03)
        canvas.paint(body, 430)
        inner = canvas.oval(0, y, 22.2, 17.2, power=2.5)
        canvas.paint(inner, 190)
        canvas.add(inner, 40 * canvas.noise(0.8) + 30 * canvas.cloud(20.0))
        canal = canvas.oval(0, y + 25, 10.5, 8.5, power=2.4)
        canvas.paint(canvas.oval(0, y + 25, 12.5, 10.5, power=2.4), 420)
        canvas.paint(canal, -40)
        canvas.paint(canvas.oval(0, y + 25, 8, 6.3), 38)
        self._take(body)
        self._take(canvas.oval(0, y + 25, 13, 11))

    def great_vessels(self) -> None:
        """Aorta, at times with calcified wall, vena cava, and the arteries and veins in front of them."""
        canvas, y, blood = self.canvas, self.spine_y, self.body.blood
        radius = self.about(9.5, 12)
        aorta = canvas.oval(9, y - 30, radius, radius, wobble=0.02)
        canvas.paint(aorta, blood)
        self._take(aorta)
        if self.about(0, 1) < 0.5:
            angle = self.about(0.2, 2.6)
            canvas.paint(canvas.oval(9 + radius * math.cos(angle), y - 30 + radius * math.sin(angle), 2.6, 1.1, tilt=angle + 1.57), 620)
        cava = canvas.oval(-22, y - 30, self.about(12, 15), self.about(8, 11), tilt=-0.3, wobble=0.05)
        canvas.paint(cava, blood - 18)
        self._take(cava)
        for x, lift, size in ((10, 52, 3.8), (-3, 54, 5.6)):
            vessel = canvas.oval(x, y - lift, size, size, wobble=0.03)
            canvas.paint(vessel, blood + 4)
            self._take(vessel)

    def kidneys(self) -> None:
        """Cortex, darker pyramids, and the sinus with fat."""
        canvas = self.canvas
        for side in (-1, 1):
            extent = 1.15 - 0.9 * abs(self.height - (0.25 if side < 0 else 0.38))
            if extent < 0.45:
                continue
            x, y = side * self.about(66, 70), self.spine_y - 4
            tilt = side * 0.62
            cortex = canvas.oval(x, y, 25 * extent, 31 * extent, tilt=tilt, wobble=0.04).within(self.free)
            canvas.paint(cortex, self.body.kidney + 18)
            towards = -side * math.cos(tilt), -math.sin(abs(tilt))
            for turn in np.linspace(-2.2, 2.2, 7):
                angle = math.atan2(towards[1], towards[0]) + math.pi + turn
                px, py = x + 15.5 * extent * math.cos(angle), y + 18.5 * extent * math.sin(angle)
                canvas.paint(
                    canvas.oval(px, py, 5.2 * extent, 4.2 * extent, tilt=angle, wobble=0.1).within(canvas.mask_of(cortex)),
                    self.body.kidney - 14,
                )
            hx, hy = x + towards[0] * 13 * extent, y + towards[1] * 11 * extent
            canvas.paint(canvas.oval(hx, hy, 17 * extent, 7.5 * extent, tilt=math.atan2(towards[1], towards[0]), wobble=0.12), -70)
            canvas.paint(canvas.oval(hx, hy, 13 * extent, 2.4, tilt=math.atan2(towards[1], towards[0]) + 0.2), self.body.blood - 10)
            self._lesion(cortex, x - towards[0] * 17 * extent, y + 10 * extent, self.about(3, 7), chance=0.35)
            self._take(canvas.oval(x, y, 29 * extent, 35 * extent, tilt=tilt))

    def liver(self) -> None:
        """The right lobe at the wall, the left tapering over the middle; vessels that branch, lesions of low contrast, gall bladder."""
        canvas, height = self.canvas, self.height
        reach = -30 + 62 * height + self.about(-6, 6)
        across = 1 / (1 + np.exp(-(canvas.x - reach) / 15))
        bend = 6 * np.sin(canvas.x / 17 + self.about(0, 6)) + 4 * np.sin(canvas.x / 9 + self.about(0, 6))
        tip = 0.55 * np.maximum(0, canvas.x - reach - 25)
        edge = (self.spine_y - 2) + (-self.body.depth * 1.02) * across + bend - tip
        mask = self.free & (canvas.y < edge)
        mask &= canvas.depth(mask) > 0
        liver = canvas.whole(self._smooth(mask, 4.0) & self.free)
        canvas.paint(liver, self.body.liver)
        canvas.add(liver, self._parenchyma(self.body.blood - self.body.liver))
        root = (-34.0 + 10 * height, self.spine_y - 58)
        for direction in (-2.9, -2.3, 2.75, -1.5):
            self._tree(liver.mask, root, direction + self.about(-0.2, 0.2), self.about(3.2, 4.6), self.body.blood + self.about(-14, 4))
        for _ in range(int(self.about(2, 5.99))):
            x, y = self._inside(liver.mask, 9)
            self._lesion(liver, x, y, self.about(3, 10))
        if height < 0.6:
            x = reach - 8
            bladder = canvas.oval(
                x, float(self.spine_y - 62), self.about(10, 15), self.about(15, 22), tilt=self.about(-0.6, -0.1), wobble=0.04
            )
            bladder = bladder.within(self.cavity)
            canvas.paint(bladder, 62)
            canvas.paint(Shape(bladder.window, self._eroded(bladder.mask, 1.4)), self.about(3, 14))
            self._take(bladder)
        self._take(liver)

    def spleen(self) -> None:
        """A crescent at the left wall."""
        if self.height < 0.25:
            return
        canvas, extent = self.canvas, 0.55 + 0.6 * self.height
        x, y = self.body.width * 0.64, self.spine_y - 22
        inner = canvas.mask_of(canvas.oval(x - 30, y - 12, 28, 46 * extent, tilt=-0.35, wobble=0.06))
        spleen = canvas.oval(x, y, 36 * extent, 56 * extent, tilt=-0.35, wobble=0.05).within(self.free).without(inner)
        canvas.paint(spleen, self.body.spleen)
        canvas.add(spleen, self._parenchyma(self.body.blood - self.body.spleen))
        if self.about(0, 1) < 0.6 and canvas.mask_of(spleen).any():
            self._lesion(spleen, *self._inside(canvas.mask_of(spleen), 6), self.about(3, 6))
        self._take(spleen)

    def stomach(self) -> None:
        """In front on the left: folds in the wall, contents, and gas above a level."""
        canvas = self.canvas
        x, y = 42 + 20 * self.height, -self.body.depth * 0.34
        whole = canvas.oval(x, y, 34 + 14 * self.height, 24 + 8 * self.height, tilt=-0.45, wobble=0.12)
        whole = whole.within(self.free)
        self._hollow(whole, self.about(3, 4.5), self.about(12, 38), self.body.stomach_gas)

    def pancreas(self) -> None:
        """A lobed band before the vessels, with the vein of the spleen behind it."""
        canvas = self.canvas
        for along in np.linspace(0, 1, 26):
            x = -30 + 105 * along
            y = self.spine_y - 60 - 20 * math.sin(along * 2.6) + 26 * along**2
            lobe = canvas.oval(x, y, self.about(5, 8), self.about(6.5, 10) * (1.15 - 0.35 * along), tilt=self.about(0, 3), wobble=0.15)
            lobe = lobe.within(self.free)
            canvas.paint(lobe, self.about(78, 100))
            vein = canvas.oval(x, y + 10.5, 3.2, 3.0).within(self.free)
            canvas.paint(vein, self.body.blood - 4)
        band = (canvas.hu > 60) & self.free
        self.free &= ~band

    def bowel(self) -> None:
        """Loops wherever there is room, some with gas, and small vessels in the fat between them."""
        canvas = self.canvas
        for _ in range(20):
            # Every fourth pixel is enough to find room.
            room = 4 * canvas.depth((self.free & (canvas.y < self.spine_y + 5))[::4, ::4])
            room = room * (0.7 + 0.3 * self.rng.random(room.shape, dtype=np.float32))
            row, column = (4 * place for place in np.unravel_index(int(room.argmax()), room.shape))
            radius = min(float(room.max()) * 1.05, self.about(10, 17))
            if radius < 5.5:
                break
            x, y = float(canvas.x[0, column]), float(canvas.y[row, 0])
            loop = canvas.oval(x, y, radius, radius * self.about(0.75, 1.0), tilt=self.about(0, 3.1), wobble=0.1).within(self.free)
            gas = self.about(0.2, 0.75) if self.about(0, 1) < 0.4 else 0.0
            self._hollow(loop, self.about(1.6, 2.6), self.about(8, 60), gas)
            self._take(canvas.oval(x, y, radius + 3, radius + 3))
        rows, columns = np.nonzero(self.free)
        for pick in self.rng.integers(0, max(1, len(rows)), 45 if len(rows) else 0):
            size = self.about(0.9, 2.0)
            dot = canvas.oval(
                float(canvas.x[0, columns[pick]]), float(canvas.y[rows[pick], 0]), size, size * self.about(0.8, 2.2), tilt=self.about(0, 3)
            )
            canvas.paint(dot.within(self.free), self.about(60, 140))

    def couch(self) -> None:
        """The curved table top beneath the patient."""
        canvas = self.canvas
        top = self.body.depth + 6 - 0.0011 * canvas.x**2
        across = np.abs(canvas.x) < 190
        for depth, thick, hu in ((0.0, 2.2, -420.0), (2.2, 16.0, -930.0), (18.2, 2.0, -480.0)):
            below = canvas.y - top - depth
            canvas.paint(canvas.whole(across & (below >= 0) & (below < thick) & (canvas.hu < -900)), hu)

    def _parenchyma(self, contrast: float) -> Floats:
        """What an organ's tissue varies by: slowly and finely, with vessels too small to follow that are brighter by `contrast` at most."""
        canvas = self.canvas
        return 4.0 * canvas.cloud(20.0) + contrast * (0.35 * canvas.threads(13.0, 1.4) + 0.2 * np.maximum(0, canvas.noise(0.8) - 1.0))

    def _hollow(self, shape: Shape, wall: float, contents: float, gas: float) -> None:
        """A wall around contents, whose upper part is gas up to a level; the patient lies on the back."""
        canvas = self.canvas
        if not shape.mask.any():
            return
        canvas.paint(shape, self.about(70, 100))
        lumen = Shape(shape.window, self._eroded(shape.mask, wall))
        radius = shape.mask.shape[0] * canvas.step / 2
        canvas.paint(lumen, contents)
        canvas.add(lumen, 6 * canvas.cloud(20.0))
        if radius < 20 and self.about(0, 1) < 0.4:
            # Food and stool: mottled, with bubbles.
            canvas.add(lumen, 22 * canvas.noise(2.0) - 260 * np.clip(canvas.noise(1.0) - 1.2, 0, 2))
        if gas:
            rows = np.nonzero(lumen.mask.any(1))[0]
            if len(rows):
                level = rows[0] + gas * (rows[-1] - rows[0])
                above = lumen.mask & (np.arange(lumen.mask.shape[0])[:, None] < level)
                canvas.paint(Shape(shape.window, above), -960)
        self._take(shape)

    def _tree(self, organ: Mask, start: tuple[float, float], direction: float, radius: float, hu: float) -> None:
        """A vessel that bends, thins and branches inside an organ."""
        x, y = start
        while radius > 0.9:
            self.canvas.paint(self.canvas.oval(x, y, radius, radius).within(organ), hu)
            x, y = x + 1.6 * math.cos(direction), y + 1.6 * math.sin(direction)
            direction += self.about(-0.16, 0.16)
            radius *= 0.98
            if self.about(0, 1) < 0.055:
                side = self.about(0.5, 0.9) * (1 if self.about(0, 1) < 0.5 else -1)
                self._tree(organ, (x, y), direction + side, radius * self.about(0.6, 0.8), hu)
                direction -= side / 3

    def _lesion(self, organ: Shape, x: float, y: float, radius: float, chance: float = 1.0) -> None:
        """A spot 15 to 40 HU brighter or darker than its surroundings, which is what low dose hides."""
        if self.about(0, 1) > chance:
            return
        spot = self.canvas.oval(x, y, radius, radius * self.about(0.8, 1), tilt=self.about(0, 3), wobble=0.06)
        contrast = self.about(15, 40) * (-1 if self.about(0, 1) < 0.75 else 1)
        self.canvas.add(spot.within(self.canvas.mask_of(organ)), contrast)

    def _inside(self, organ: Mask, margin: float) -> tuple[float, float]:
        """A place in an organ, away from its edge where it is thick enough."""
        deep = self.canvas.depth(organ)
        rows, columns = np.nonzero(deep >= min(margin, float(deep.max())))
        pick = int(self.rng.integers(len(rows)))
        return float(self.canvas.x[0, columns[pick]]), float(self.canvas.y[rows[pick], 0])

    def _smooth(self, mask: Mask, millimetres: float) -> Mask:
        """A mask without corners sharper than a circle of that radius."""
        outer = self.canvas.depth(~self.canvas.shrunk(mask, millimetres))
        return np.asarray(outer < millimetres)

    def _eroded(self, mask: Mask, millimetres: float) -> Mask:
        padded = np.pad(mask, 1)
        return np.asarray(self.canvas.depth(padded)[1:-1, 1:-1] > millimetres)

    def _take(self, shape: Shape) -> None:
        self.free[shape.window] &= ~shape.mask
