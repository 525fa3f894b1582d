"""What decoding is compared with: other loops over the same weights."""

import keras
import numpy as np
import torch
from torch import nn


class TorchCaptioner(nn.Module):
    """The weights of an LRCN-2f in two `nn.LSTMCell`s, for a start word and vectors.

    Args:
        captioner: `keras_lrcn.LRCNCaptioner` without a visual encoder; Keras' order of the gates
            is torch's.
    """

    def __init__(self, captioner):
        super().__init__()

        def find(*names):
            weights = [w for w in captioner.weights if all(n in w.path for n in names)]
            return torch.tensor(keras.ops.convert_to_numpy(weights[0]))

        self.embedding = find("token_embedding")
        self.cells = nn.ModuleList()
        for name in ("lstm_1", "lstm_2"):
            kernel = find(name, "lstm_cell/kernel")
            cell = nn.LSTMCell(kernel.shape[0], kernel.shape[1] // 4)
            cell.weight_ih.data = kernel.T.contiguous()
            cell.weight_hh.data = find(name, "recurrent_kernel").T.contiguous()
            cell.bias_ih.data = find(name, "bias")
            cell.bias_hh.data.zero_()
            self.cells.append(cell)
        self.units = kernel.shape[1] // 4
        self.predict = nn.Linear(self.units, len(self.embedding))
        self.predict.weight.data = find("predict", "kernel").T.contiguous()
        self.predict.bias.data = find("predict", "bias")

    def forward(self, words, visual, state):
        """One step as it is usually written: the image goes in with the words, every time."""
        first = self.cells[0](self.embedding[words], state[0])
        second = self.cells[1](torch.cat([first[0], visual], dim=1), state[1])
        return self.predict(second[0]), [first, second]

    @torch.no_grad()
    def beam_search(self, visual, beams, length):
        """One image, as in the usual open-source captioners: `(ids, score)` of the best beam."""
        visual = torch.as_tensor(visual)[None].expand(beams, -1)
        zeros = torch.zeros(beams, self.units)
        state = [(zeros, zeros), (zeros, zeros)]
        words, ids = torch.ones(beams, dtype=torch.long), torch.zeros(beams, 0, dtype=torch.long)
        scores = torch.tensor([0.0] + [-1e9] * (beams - 1))
        for _ in range(length):
            logits, state = self(words, visual, state)
            total = scores[:, None] + torch.log_softmax(logits, dim=1)
            total[:, :2] = -1e9  # <pad> and <bos>
            scores, place = total.flatten().topk(beams)
            origin, words = place // total.shape[1], place % total.shape[1]
            ids = torch.cat([ids[origin], words[:, None]], dim=1)
            state = [tuple(x[origin] for x in layer) for layer in state]
        return ids[0].tolist(), float(scores[0])


class BatchedTorchCaptioner:
    """The same by hand for a batch, as well as one can: fewer products, small top-k.

    The image is projected once, the words' products are looked up (`table`), a layer's product
    is one, and the log-normaliser is taken of the survivors only.
    """

    def __init__(self, peer):
        first, second = peer.cells
        units = self.units = peer.units
        self.table = (peer.embedding @ first.weight_ih.T + first.bias_ih).detach()
        self.recurrent = first.weight_hh.detach()
        self.upper = torch.cat([second.weight_ih[:, :units], second.weight_hh], dim=1).detach()
        self.visual, self.bias = second.weight_ih[:, units:].detach(), second.bias_ih.detach()
        self.predict = peer.predict

    @staticmethod
    def gate(gates, c):
        i, f, g, o = gates.chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    @torch.no_grad()
    def beam_search(self, visual, beams, length):
        """`(ids, scores)`: int array `(batch, length)`, float array `(batch,)`."""
        batch = len(visual)
        rows = beams * torch.arange(batch)[:, None]
        seen = torch.as_tensor(visual) @ self.visual.T + self.bias
        seen = seen.repeat_interleave(beams, dim=0)
        h1 = c1 = h2 = c2 = torch.zeros(batch * beams, self.units)
        words = torch.ones(batch * beams, dtype=torch.long)
        scores = torch.tensor([0.0] + [-1e9] * (beams - 1)).repeat(batch)
        ids = torch.zeros(batch * beams, 0, dtype=torch.long)
        for _ in range(length):
            h1, c1 = self.gate(torch.addmm(self.table[words], h1, self.recurrent.T), c1)
            h2, c2 = self.gate(torch.addmm(seen, torch.cat([h1, h2], 1), self.upper.T), c2)
            logits = self.predict(h2)
            normaliser = torch.logsumexp(logits, dim=1, keepdim=True)
            logits[:, :2] = -1e9
            best, candidates = logits.topk(beams, dim=1)
            total = scores[:, None] + best - normaliser
            scores, place = total.reshape(batch, -1).topk(beams, dim=1)
            origin = (rows + place // beams).flatten()
            scores = scores.flatten()
            words = candidates[origin, (place % beams).flatten()]
            ids = torch.cat([ids[origin], words[:, None]], dim=1)
            h1, c1, h2, c2 = (x[origin] for x in (h1, c1, h2, c2))
        return ids[::beams].numpy(), scores[::beams].numpy()


def prefix_by_prefix(model, start, vector, length):
    """Greedy as in many a tutorial: the whole sentence goes through `predict` for each word."""
    ids = [start]
    for _ in range(length):
        tokens = np.zeros((1, length), "int32")
        tokens[0, : len(ids)] = ids
        inputs = {"visual": vector[None], "token_ids": tokens, "padding_mask": tokens * 0}
        inputs["padding_mask"][0, : len(ids)] = 1
        logits = model.predict(inputs, verbose=0)[0, len(ids) - 1]
        logits[:2] = -1e9
        ids.append(int(np.argmax(logits)))
    return ids[1:]
