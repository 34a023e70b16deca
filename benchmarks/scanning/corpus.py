"""The labelled corpus of Tests/Fixtures/secrets: its files, and the lines that hold a secret."""

import os

BREAK = "·"


def read(path):
    """The files as name and lines, and the labels `+` and `-` by (name, number of the line)."""
    files, labels = {}, {}
    for text in open(path, encoding="utf-8").read().splitlines():
        if text.startswith("== "):
            name = text[3:]
            files[name] = []
            continue
        files[name].append(text[2:].replace(BREAK, ""))
        if text[:1] in "+-":
            labels[name, len(files[name])] = text[0]
    return files, labels


def write(files, folder):
    for name, lines in files.items():
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def score(labels, found):
    """Precision and recall of the lines found, and what went wrong."""
    secrets = {place for place, label in labels.items() if label == "+"}
    right, wrong = found & secrets, found - secrets
    return {
        "precision": len(right) / len(found) if found else 1.0, "recall": len(right) / len(secrets), "found": len(found),
        "right": len(right), "wrong": sorted(wrong), "missed": sorted(secrets - found)}
