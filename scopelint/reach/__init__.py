"""Who can reach what with a job token, built on GitLab's decision (`scopelint.access`).

Counts for every project at once, the lists of one project, and the chains that cross-project
pushes make possible.
"""

from scopelint.reach.chains import Chain, Chains, chains
from scopelint.reach.counts import Count, Cover, InboundCounter, inbound_counts
from scopelint.reach.lists import Link, Origins, Targets, origins, targets

__all__ = [
    "Chain",
    "Chains",
    "Count",
    "Cover",
    "InboundCounter",
    "Link",
    "Origins",
    "Targets",
    "chains",
    "inbound_counts",
    "origins",
    "targets",
]
