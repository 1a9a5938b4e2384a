using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Manager.Api;

/// <summary>The files that a tool is given, by name.</summary>
internal record FilesBody
{
    public Dictionary<string, string> Files { get => field ?? []; init; }
}

/// <summary><c>POST /v1/policies/check</c>.</summary>
internal sealed record CheckBody : FilesBody
{
    /// <summary>Whether warnings fail the check too.</summary>
    public bool Strict { get; init; }

    /// <summary>Whether they are looked at beside the target's apps, too: whether they govern any, and whether those tell the
    /// metrics.</summary>
    public bool Live { get; init; }

    /// <summary>
    /// <c>text</c> (the default), <c>json</c>, <c>github</c> or <c>sarif</c>: the form of the output; the problems come as JSON
    /// besides.
    /// </summary>
    public CheckFormat Format { get; init; }
}

/// <summary><c>POST /v1/policies/replay</c>.</summary>
internal sealed record ReplayBody : FilesBody
{
    /// <summary>Which of the files has the policy; needed where it is not the only one that is a policy file.</summary>
    public string? PolicyFile { get; init; }

    /// <summary>The policy's name, where the file has several.</summary>
    public string? Policy { get; init; }

    /// <summary>A second policy file to compare with.</summary>
    public string? Compare { get; init; }

    /// <summary>The files with recordings, <c>FILE</c> or <c>METRIC=FILE</c>.</summary>
    public IReadOnlyList<string> Data { get => field ?? []; init; }

    /// <summary>An app whose history in this manager is the recording, beside <see cref="Data"/>.</summary>
    public string? History { get; init; }

    public string? Load { get; init; }
    public double? Capacity { get; init; }

    /// <summary>The same by app, where several are replayed.</summary>
    public Dictionary<string, double> Capacities { get => field ?? []; init; }

    public IReadOnlyList<string> Utilization { get => field ?? []; init; }

    /// <summary>As policies write durations.</summary>
    public string? Startup { get; init; }

    public double? Objective { get; init; }
    public int? Instances { get; init; }

    /// <summary>As policies write durations.</summary>
    public string? Step { get; init; }

    /// <summary>Whether the answer has the HTML report.</summary>
    public bool Html { get; init; }
}

/// <summary><c>POST /v1/policies/init</c>.</summary>
internal sealed record InitBody
{
    public string? App { get; init; }
    public string? Kind { get; init; }

    /// <summary>The app that is looked at, in place of the other two: what it tells decides the kind.</summary>
    public string? From { get; init; }
}

/// <summary>What a tool says.</summary>
internal sealed record ToolAnswer
{
    /// <summary>
    /// <c>good</c>, <c>found</c> (it did its work and found something wrong) or <c>failed</c> (it could not do its work).
    /// </summary>
    public required string Result { get; init; }

    /// <summary>Why it failed, one sentence.</summary>
    public string? Message { get; init; }

    /// <summary>What the command writes to its standard output.</summary>
    public required string Output { get; init; }

    /// <summary>What the command writes to its standard error, a line each.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    /// <summary>The findings of a check.</summary>
    public IReadOnlyList<PolicyProblemAnswer>? Problems { get; init; }

    /// <summary>The files that were written, by name.</summary>
    public IReadOnlyDictionary<string, string>? Files { get; init; }
}
