namespace LifecycleManager.Metrics.Exposition;

/// <summary>The two text formats of metrics.</summary>
public enum ExpositionFormat
{
    /// <summary>Prometheus text 0.0.4.</summary>
    Text,

    /// <summary>OpenMetrics 1.0 text.</summary>
    OpenMetrics,
}

/// <summary>What <see cref="ExpositionReader.Read"/> came to.</summary>
public enum ExpositionToken
{
    /// <summary>A sample; the reader's properties describe it.</summary>
    Sample,

    /// <summary>The end of a well-formed text.</summary>
    End,

    /// <summary>The text is malformed; <see cref="ExpositionReader.Error"/> says where. The reader stays here.</summary>
    Error,
}

/// <summary>A place in a text and what is wrong there.</summary>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in bytes.</param>
/// <param name="Message">What is wrong, for people.</param>
public readonly record struct ExpositionError(int Line, int Column, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}
