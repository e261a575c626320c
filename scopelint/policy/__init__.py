"""What a run is told to hold GitLab against: scopelint.yml, its rules, targets and instance."""
