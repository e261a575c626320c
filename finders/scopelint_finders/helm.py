"""helm: the charts that a chart depends on."""

from collections.abc import Iterator
from dataclasses import replace

from scopelint.finder import Finder, Reference, RepositoryFile, UnreadableFileError
from scopelint.references import Variables, image_reference, scan_addresses
from scopelint.references.variables import mark
from scopelint.yaml import GITLAB, MappingNode, ScalarNode, SequenceNode, load


class Helm(Finder):
    """Reads `Chart.yaml`: dependencies from this GitLab's registries."""

    name = "helm"
    title = "dependencies of a Helm chart"
    paths = (
        "Chart.yaml",
        "chart/Chart.yaml",
        "charts/Chart.yaml",
        "helm/Chart.yaml",
        "deploy/Chart.yaml",
    )

    max_bytes = 256 * 1024

    def find(self, file: RepositoryFile) -> Iterator[Reference]:
        """Yield the repository of each dependency."""
        root = load(file.text, file.path, partial=True, dialect=GITLAB).root
        if not isinstance(root, MappingNode):
            raise UnreadableFileError("it is no mapping")
        charts = root.get("dependencies")
        variables = Variables(file.project, file.site)
        for chart in charts.value if isinstance(charts, SequenceNode) else ():
            place = chart.get("repository") if isinstance(chart, MappingNode) else None
            name = chart.get("name") if isinstance(chart, MappingNode) else None
            if not isinstance(place, ScalarNode):
                continue
            if place.text.startswith("oci://"):
                chart_name = name.text if isinstance(name, ScalarNode) else ""
                image = mark(f"{place.text.rstrip('/')}/{chart_name}")
                found = image_reference(image, variables, place.line)
                if found is not None:
                    yield replace(found, sends_token=False)
            else:
                yield from scan_addresses((place.line, place.text), file, subject="read_packages")
