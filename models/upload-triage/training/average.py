"""What both trainings share: the optimiser, and the moving average of the weights that is saved."""
import torch


def optimiser_of(model, rate, decay):
    """AdamW; only matrices and full convolutions decay, neither depthwise filters nor what is one number a channel."""
    decays = [p.ndim > 1 and p.shape[1] > 1 for p in model.parameters()]
    return torch.optim.AdamW([{"params": [p for p, d in zip(model.parameters(), decays) if d], "weight_decay": decay},
                              {"params": [p for p, d in zip(model.parameters(), decays) if not d], "weight_decay": 0}], rate)


@torch.no_grad()
def update_average(average, model, step, most=0.995):
    """Exponential moving average after so many steps, batch-norm statistics included; the first steps forget faster."""
    keep = min(most, (step + 1) / (step + 20))
    for a, b in zip(average.state_dict().values(), model.state_dict().values()):
        a.mul_(keep).add_(b, alpha=1 - keep) if a.dtype.is_floating_point else a.copy_(b)
