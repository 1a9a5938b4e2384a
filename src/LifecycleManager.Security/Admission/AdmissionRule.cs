namespace LifecycleManager.Security.Admission;

/// <summary>One rule: whom it is about, and what it admits.</summary>
internal sealed record AdmissionRule
{
    /// <summary>Its name, which refusals have.</summary>
    public required string Name { get; init; }

    /// <summary>Patterns of ids of apps and pods; null for all, those of other frameworks included.</summary>
    public IReadOnlyList<string>? Apps { get; init; }

    /// <summary>Patterns of roles, as principals have them; null for all.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>What it admits.</summary>
    public required AdmissionLimits Limits { get; init; }

    /// <summary>Whether it is about a task.</summary>
    public bool IsAbout(AdmissionRequest request) =>
        (Apps is null || (request.App is { } app && Apps.Any(pattern => PathPattern.IsMatch(pattern, app))))
        && (Roles is null || RolePattern.IsAny(Roles, request.Role));

    /// <summary>What of a task it does not admit.</summary>
    public IReadOnlyList<AdmissionRefusal> Judge(AdmissionRequest request)
    {
        if (Limits.IsOpen) return [];
        var refusals = new List<AdmissionRefusal>();
        void Refuse(string path, string what) => refusals.Add(new AdmissionRefusal(Name, path, what));

        if (request.Privileged is { } privileged && !Limits.Privileged) Refuse(privileged, "privileged containers");
        if (request.HostNetwork is { } network && !Limits.HostNetwork)
            Refuse(network, request.IsContainer ? "the machine's network" : "processes, which have the machine's network");
        if (request.Image is { } image && !ImagePattern.IsAny(Limits.Images, image.Value))
            Refuse(image.Path, $"the image '{image.Value}'");
        foreach (var artifact in request.Artifacts)
        {
            if (IsFile(artifact.Value) && !Limits.FileArtifacts)
                Refuse(artifact.Path, $"'{artifact.Value}', a file of the machine");
        }

        foreach (var volume in request.Volumes)
            if (VolumeRules.WhyRefused(Limits, volume, request.AgentPaths) is { } what) Refuse(volume.Path, what);
        var user = request.User;
        foreach (var parameter in request.Parameters)
        {
            var read = ParameterReading.Of(parameter);
            if (read.IsPrivileged && !Limits.Privileged) Refuse(parameter.Path, "privileged containers");
            if (read.IsHostNetwork && !Limits.HostNetwork) Refuse(parameter.Path, "the machine's network");
            if (read.Volume is { } volume && VolumeRules.WhyRefused(Limits, volume, request.AgentPaths) is { } what)
                Refuse(parameter.Path, what);
            if (read.User is { } stated) user = new Stated(parameter.Path, stated);
            if (read.IsOther && !ParameterRules.Admits(Limits.Parameters, parameter))
                Refuse(parameter.Path, $"the Docker parameter '{parameter.Key}={parameter.Value}'");
        }

        if (UserRules.WhyRefused(Limits, request, user) is { } refused) Refuse(user?.Path ?? "/user", refused);
        return refusals;
    }

    /// <summary>An address without a scheme is a path, as in Mesos.</summary>
    private static bool IsFile(string address)
    {
        var trimmed = address.AsSpan().TrimStart();
        return trimmed.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            || trimmed.StartsWith("/", StringComparison.Ordinal);
    }
}
