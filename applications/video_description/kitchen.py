"""A kitchen of known probabilities: tuples drawn from a grammar, seen through a noisy CRF."""

import numpy as np

from keras_lrcn.data import DescribedVideo
from keras_lrcn.preprocessing import SemanticRoles, WordTokenizer, build_vocabulary

# What goes with what, so that the sure roles say something of an unsure one.
ACTIVITIES = {
    "cut": (["knife", "scissors"], ["carrot", "bread", "onion"], ["board"]),
    "peel": (["knife", "peeler"], ["carrot", "potato", "orange"], ["board", "sink"]),
    "wash": (["brush", "hand"], ["carrot", "potato", "plate"], ["sink"]),
    "pour": (["kettle", "jug"], ["water", "milk", "oil"], ["pan", "bowl"]),
    "stir": (["spoon", "whisk"], ["milk", "egg", "soup"], ["pan", "bowl"]),
    "fry": (["spoon", "fork"], ["egg", "onion", "potato"], ["pan"]),
}
VERBS = {"cut": "cuts", "peel": "peels", "wash": "washes", "pour": "pours", "stir": "stirs"}
PLACES = {"board": "on", "sink": "in", "pan": "in", "bowl": "into"}


def _words(part):
    return sorted({word for parts in ACTIVITIES.values() for word in parts[part]})


ROLES = SemanticRoles(
    {"tool": _words(0), "activity": sorted(ACTIVITIES), "object": _words(1), "location": _words(2)}
)


def draw_tuple(rng):
    activity = str(rng.choice(sorted(ACTIVITIES)))
    tool, thing, location = (str(rng.choice(words)) for words in ACTIVITIES[activity])
    return {"tool": tool, "activity": activity, "object": thing, "location": location}


def sentence(roles):
    verb = VERBS.get(roles["activity"], "fries")
    place = f"{PLACES[roles['location']]} the {roles['location']}"
    return f"The person {verb} the {roles['object']} with the {roles['tool']} {place}."


def believe(roles, rng, wrong=0.0):
    """A CRF's probabilities: the maximum of a role is another word in the share `wrong`."""
    beliefs = {}
    for role, word in roles.items():
        others = [w for w in ROLES.roles[role] if w != word]
        spread = rng.dirichlet(np.ones(len(others)))
        if rng.random() < wrong:
            first, second = str(rng.choice(others)), word
            high = rng.uniform(0.4, 0.5)
            low = rng.uniform(0.3, 0.4)
        else:
            first, second = word, str(rng.choice(others))
            high = rng.uniform(0.7, 0.95)
            low = rng.uniform(0, 0.5) * (1 - high)
        belief = dict(zip(others, spread * (1 - high - low), strict=True)) | {word: 0.0}
        belief[first] += high
        belief[second] += low
        beliefs[role] = belief
    return beliefs


def draw(count, seed, wrong=0.0):
    """Returns tuples of beliefs and their sentences."""
    rng = np.random.default_rng(seed)
    tuples = [draw_tuple(rng) for _ in range(count)]
    beliefs = [{"roles": believe(roles, rng, wrong)} for roles in tuples]
    return beliefs, [sentence(roles) for roles in tuples]


class Kitchen:
    """A corpus of the kitchen; a fifth of the CRF's maxima is wrong. See `DescriberRun`."""

    def __init__(self, wrong=0.2, num_train=2000, num_held_out=300):
        self.train, self.held_out = (
            [
                DescribedVideo(f"kitchen {seed}-{i}", None, (sentence,), belief["roles"])
                for i, (belief, sentence) in enumerate(zip(*draw(count, seed, wrong), strict=True))
            ]
            for seed, count in enumerate((num_train, num_held_out))
        )
        captions = [caption for e in self.train for caption in e.captions]
        self.roles = ROLES
        self.tokenizer = WordTokenizer(build_vocabulary(captions, min_count=1))

    def training_vectors(self, vectors, experiment, seed):
        return vectors

    def observations(self, experiment):
        return {"predicted": self.roles([e.roles for e in self.held_out])}
