"""Holds the types of the scripted table, the right answers, and the faults of the first reply.

A defect names its location, the wrong value there (or that the value is missing), and the texts by which
feedback may refer to it: the field's name, the wrong value itself, or the user's message.
"""

import copy
import json

MISSING = object()

ORDER_PROMPT = (
    "Order of 3 November. Customer Ada Berg, ada@example.org. Quantity of articles: 3. "
    "Total: 99.50. It has been paid. Lines: A-17 twice, A-18 once."
)
ORDER = {
    "customer": "Ada Berg",
    "email": "ada@example.org",
    "quantity": 3,
    "total": 99.5,
    "status": "paid",
    "lines": [{"sku": "A-17", "count": 2}, {"sku": "A-18", "count": 1}],
}

STOCK_PROMPT = "List all 200 articles of the stock list of warehouse 4, with their counts."
STOCK = {"items": [{"sku": f"A-{n:03}", "count": n * 7 % 50} for n in range(200)]}


class Defect:
    def __init__(self, pointer, wrong, *words):
        self.pointer, self.wrong, self.words = pointer, wrong, words


NOT_A_NUMBER = Defect("/quantity", "three", "quantity", "three")
NUMBER_AS_TEXT = Defect("/quantity", "3", "quantity", "\"3\"", "'3'")
UNKNOWN_STATUS = Defect("/status", "settled", "status", "settled")
NO_COUNT = Defect("/lines/1/count", MISSING, "count")
NO_EMAIL = Defect("/email", MISSING, "email")
FOREIGN_SKU = Defect("/lines/1/sku", "B-18", "sku", "B-18", "begins with A-")
BAD_ELEMENT = Defect("/items/137/count", "many", "items", "count", "many")


class Case:
    def __init__(self, title, type="order", defects=(), surface=None, note=""):
        self.title, self.type, self.defects, self.surface, self.note = title, type, defects, surface, note
        self.prompt = ORDER_PROMPT if type == "order" else STOCK_PROMPT
        self.right = ORDER if type == "order" else STOCK

    def public(self, name):
        """Returns the case as a client receives it, without the fault."""
        return {"name": name, "type": self.type, "prompt": self.prompt}


CASES = {
    "none": Case("no fault"),
    "type": Case("one wrong type (`\"three\"` for a number)", defects=[NOT_A_NUMBER]),
    "text": Case("a number as a string (`\"3\"`)", defects=[NUMBER_AS_TEXT]),
    "three": Case("three faults at once", defects=[NOT_A_NUMBER, UNKNOWN_STATUS, NO_COUNT]),
    "fence": Case("fenced JSON", surface="fence"),
    "comma": Case("trailing comma", surface="comma"),
    "missing": Case("missing field", defects=[NO_EMAIL]),
    "rule": Case("the user's validator fails", defects=[FOREIGN_SKU]),
    "list": Case("1 bad element of 200", type="stock", defects=[BAD_ELEMENT]),
    "stubborn": Case("1 bad element of 200, never corrected", type="stock", defects=[BAD_ELEMENT], surface="stubborn"),
    "refusal": Case("refusal", surface="refusal"),
    "cut": Case("truncation", surface="cut"),
}


def at(value, pointer):
    """Returns the parent of the value that the pointer refers to, and the last segment as a key or index."""
    steps = pointer.split("/")[1:]
    for step in steps[:-1]:
        value = value[int(step) if isinstance(value, list) else step]
    last = steps[-1]
    return value, int(last) if isinstance(value, list) else last


def spoil(right, defects):
    value = copy.deepcopy(right)
    for defect in defects:
        parent, step = at(value, defect.pointer)
        if defect.wrong is MISSING:
            del parent[step]
        else:
            parent[step] = defect.wrong
    return value


def written(value):
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
