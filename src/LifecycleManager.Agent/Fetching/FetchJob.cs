using System.Text.Json.Serialization;

namespace LifecycleManager.Agent.Fetching;

/// <summary>What a fetching process is asked for; on its standard input, since addresses may hold secrets.</summary>
internal sealed record FetchJob
{
    /// <summary>Where the artifact is.</summary>
    public required Uri Source { get; init; }

    /// <summary>Its path within the sandbox, the process' working directory; null when it goes to standard output.</summary>
    public string? Name { get; init; }

    /// <summary>Its length, in bytes, when it follows on standard input; null when the process gets it from its source.</summary>
    public long? Length { get; init; }

    /// <summary>Its checksum; null when none is stated.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Whether it is made executable.</summary>
    public bool Executable { get; init; }

    /// <summary>Whether a known archive is extracted.</summary>
    public bool Extract { get; init; }

    /// <summary>The largest artifact, also when extracted, in bytes.</summary>
    public required long MaxSize { get; init; }

    /// <summary>What the task may have of the disk in all, in bytes; null for no limit.</summary>
    public long? Quota { get; init; }

    /// <summary>What is left of that, in bytes.</summary>
    public long? Left { get; init; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(FetchJob))]
internal sealed partial class FetchJson : JsonSerializerContext;
