"""Types for the classes of sarif-om that scopelint uses; sarif-om itself has none.

Parameters are in sarif-om's order, with the types of the SARIF 2.1.0 schema. `Suppression` has
`state`, the name of a pre-release, where the schema has `status`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

_Level = Literal["none", "note", "warning", "error"]
_Properties = Mapping[str, Any]

class Message:
    def __init__(
        self,
        arguments: Sequence[str] | None = None,
        id: str | None = None,
        markdown: str | None = None,
        properties: _Properties | None = None,
        text: str | None = None,
    ) -> None: ...

class MultiformatMessageString:
    def __init__(
        self, text: str, markdown: str | None = None, properties: _Properties | None = None
    ) -> None: ...

class ArtifactLocation:
    def __init__(
        self,
        description: Message | None = None,
        index: int = -1,
        properties: _Properties | None = None,
        uri: str | None = None,
        uri_base_id: str | None = None,
    ) -> None: ...

class Region:
    def __init__(
        self,
        byte_length: int | None = None,
        byte_offset: int = -1,
        char_length: int | None = None,
        char_offset: int = -1,
        end_column: int | None = None,
        end_line: int | None = None,
        message: Message | None = None,
        properties: _Properties | None = None,
        snippet: Any = None,
        source_language: str | None = None,
        start_column: int | None = None,
        start_line: int | None = None,
    ) -> None: ...

class PhysicalLocation:
    def __init__(
        self,
        address: Any = None,
        artifact_location: ArtifactLocation | None = None,
        context_region: Region | None = None,
        properties: _Properties | None = None,
        region: Region | None = None,
    ) -> None: ...

class LogicalLocation:
    def __init__(
        self,
        decorated_name: str | None = None,
        fully_qualified_name: str | None = None,
        index: int = -1,
        kind: str | None = None,
        name: str | None = None,
        parent_index: int = -1,
        properties: _Properties | None = None,
    ) -> None: ...

class Location:
    def __init__(
        self,
        annotations: Sequence[Region] | None = None,
        id: int = -1,
        logical_locations: Sequence[LogicalLocation] | None = None,
        message: Message | None = None,
        physical_location: PhysicalLocation | None = None,
        properties: _Properties | None = None,
        relationships: Sequence[Any] | None = None,
    ) -> None: ...

class Suppression:
    def __init__(
        self,
        kind: Literal["inSource", "external"],
        guid: str | None = None,
        justification: str | None = None,
        location: Location | None = None,
        properties: _Properties | None = None,
        state: Literal["accepted", "underReview", "rejected"] | None = None,
    ) -> None: ...

class ReportingConfiguration:
    def __init__(
        self,
        enabled: bool = True,
        level: _Level = "warning",
        parameters: _Properties | None = None,
        properties: _Properties | None = None,
        rank: float = -1.0,
    ) -> None: ...

class ToolComponentReference:
    def __init__(
        self,
        guid: str | None = None,
        index: int = -1,
        name: str | None = None,
        properties: _Properties | None = None,
    ) -> None: ...

class ReportingDescriptorReference:
    def __init__(
        self,
        guid: str | None = None,
        id: str | None = None,
        index: int = -1,
        properties: _Properties | None = None,
        tool_component: ToolComponentReference | None = None,
    ) -> None: ...

class ReportingDescriptorRelationship:
    def __init__(
        self,
        target: ReportingDescriptorReference,
        description: Message | None = None,
        kinds: Sequence[str] = ...,
        properties: _Properties | None = None,
    ) -> None: ...

class ReportingDescriptor:
    def __init__(
        self,
        id: str,
        default_configuration: ReportingConfiguration | None = None,
        deprecated_guids: Sequence[str] | None = None,
        deprecated_ids: Sequence[str] | None = None,
        deprecated_names: Sequence[str] | None = None,
        full_description: MultiformatMessageString | None = None,
        guid: str | None = None,
        help: MultiformatMessageString | None = None,
        help_uri: str | None = None,
        message_strings: Mapping[str, MultiformatMessageString] | None = None,
        name: str | None = None,
        properties: _Properties | None = None,
        relationships: Sequence[ReportingDescriptorRelationship] | None = None,
        short_description: MultiformatMessageString | None = None,
    ) -> None: ...

class ToolComponent:
    def __init__(
        self,
        name: str,
        associated_component: ToolComponentReference | None = None,
        contents: Sequence[Literal["localizedData", "nonLocalizedData"]] = ...,
        dotted_quad_file_version: str | None = None,
        download_uri: str | None = None,
        full_description: MultiformatMessageString | None = None,
        full_name: str | None = None,
        global_message_strings: Mapping[str, MultiformatMessageString] | None = None,
        guid: str | None = None,
        information_uri: str | None = None,
        is_comprehensive: bool | None = None,
        language: str = "en-US",
        localized_data_semantic_version: str | None = None,
        locations: Sequence[ArtifactLocation] | None = None,
        minimum_required_localized_data_semantic_version: str | None = None,
        notifications: Sequence[ReportingDescriptor] | None = None,
        organization: str | None = None,
        product: str | None = None,
        product_suite: str | None = None,
        properties: _Properties | None = None,
        release_date_utc: str | None = None,
        rules: Sequence[ReportingDescriptor] | None = None,
        semantic_version: str | None = None,
        short_description: MultiformatMessageString | None = None,
        supported_taxonomies: Sequence[ToolComponentReference] | None = None,
        taxa: Sequence[ReportingDescriptor] | None = None,
        translation_metadata: Any = None,
        version: str | None = None,
    ) -> None: ...

class Tool:
    def __init__(
        self,
        driver: ToolComponent,
        extensions: Sequence[ToolComponent] | None = None,
        properties: _Properties | None = None,
    ) -> None: ...

class Notification:
    associated_rule: ReportingDescriptorReference | None
    locations: Sequence[Location] | None
    def __init__(
        self,
        message: Message,
        associated_rule: ReportingDescriptorReference | None = None,
        descriptor: ReportingDescriptorReference | None = None,
        exception: Any = None,
        level: _Level = "warning",
        locations: Sequence[Location] | None = None,
        properties: _Properties | None = None,
        thread_id: int | None = None,
        time_utc: str | None = None,
    ) -> None: ...

class Invocation:
    def __init__(
        self,
        execution_successful: bool,
        account: str | None = None,
        arguments: Sequence[str] | None = None,
        command_line: str | None = None,
        end_time_utc: str | None = None,
        environment_variables: Mapping[str, str] | None = None,
        executable_location: ArtifactLocation | None = None,
        exit_code: int | None = None,
        exit_code_description: str | None = None,
        exit_signal_name: str | None = None,
        exit_signal_number: int | None = None,
        machine: str | None = None,
        notification_configuration_overrides: Sequence[Any] | None = None,
        process_id: int | None = None,
        process_start_failure_message: str | None = None,
        properties: _Properties | None = None,
        response_files: Sequence[ArtifactLocation] | None = None,
        rule_configuration_overrides: Sequence[Any] | None = None,
        start_time_utc: str | None = None,
        stderr: ArtifactLocation | None = None,
        stdin: ArtifactLocation | None = None,
        stdout: ArtifactLocation | None = None,
        stdout_stderr: ArtifactLocation | None = None,
        tool_configuration_notifications: Sequence[Notification] | None = None,
        tool_execution_notifications: Sequence[Notification] | None = None,
        working_directory: ArtifactLocation | None = None,
    ) -> None: ...

class RunAutomationDetails:
    def __init__(
        self,
        correlation_guid: str | None = None,
        description: Message | None = None,
        guid: str | None = None,
        id: str | None = None,
        properties: _Properties | None = None,
    ) -> None: ...

class Result:
    def __init__(
        self,
        message: Message,
        analysis_target: ArtifactLocation | None = None,
        attachments: Sequence[Any] | None = None,
        baseline_state: Literal["new", "unchanged", "updated", "absent"] | None = None,
        code_flows: Sequence[Any] | None = None,
        correlation_guid: str | None = None,
        fingerprints: Mapping[str, str] | None = None,
        fixes: Sequence[Any] | None = None,
        graph_traversals: Sequence[Any] | None = None,
        graphs: Sequence[Any] | None = None,
        guid: str | None = None,
        hosted_viewer_uri: str | None = None,
        kind: str = "fail",
        level: _Level = "warning",
        locations: Sequence[Location] | None = None,
        occurrence_count: int | None = None,
        partial_fingerprints: Mapping[str, str] | None = None,
        properties: _Properties | None = None,
        provenance: Any = None,
        rank: float = -1.0,
        related_locations: Sequence[Location] | None = None,
        rule: ReportingDescriptorReference | None = None,
        rule_id: str | None = None,
        rule_index: int = -1,
        stacks: Sequence[Any] | None = None,
        suppressions: Sequence[Suppression] | None = None,
        taxa: Sequence[ReportingDescriptorReference] | None = None,
        web_request: Any = None,
        web_response: Any = None,
        work_item_uris: Sequence[str] | None = None,
    ) -> None: ...

class Run:
    def __init__(
        self,
        tool: Tool,
        addresses: Sequence[Any] | None = None,
        artifacts: Sequence[Any] | None = None,
        automation_details: RunAutomationDetails | None = None,
        baseline_guid: str | None = None,
        column_kind: Literal["utf16CodeUnits", "unicodeCodePoints"] | None = None,
        conversion: Any = None,
        default_encoding: str | None = None,
        default_source_language: str | None = None,
        external_property_file_references: Any = None,
        graphs: Sequence[Any] | None = None,
        invocations: Sequence[Invocation] | None = None,
        language: str = "en-US",
        logical_locations: Sequence[LogicalLocation] | None = None,
        newline_sequences: Sequence[str] = ...,
        original_uri_base_ids: Mapping[str, ArtifactLocation] | None = None,
        policies: Sequence[ToolComponent] | None = None,
        properties: _Properties | None = None,
        redaction_tokens: Sequence[str] | None = None,
        results: Sequence[Result] | None = None,
        run_aggregates: Sequence[RunAutomationDetails] | None = None,
        special_locations: Any = None,
        taxonomies: Sequence[ToolComponent] | None = None,
        thread_flow_locations: Sequence[Any] | None = None,
        translations: Sequence[ToolComponent] | None = None,
        version_control_provenance: Sequence[Any] | None = None,
        web_requests: Sequence[Any] | None = None,
        web_responses: Sequence[Any] | None = None,
    ) -> None: ...
