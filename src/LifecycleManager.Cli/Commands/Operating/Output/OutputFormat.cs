namespace LifecycleManager.Cli.Commands.Operating.Output;

/// <summary>How a command shows what it was answered.</summary>
internal enum OutputFormat
{
    /// <summary>Columns for people.</summary>
    Table,

    /// <summary>As the role answers.</summary>
    Json,

    /// <summary>The same as YAML.</summary>
    Yaml,

    /// <summary>Only the names, a line each: for <c>xargs</c>.</summary>
    Name,
}
