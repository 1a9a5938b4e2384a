using System.Text.RegularExpressions;

namespace LifecycleManager.Architecture.Tests;

/// <summary>What a test needs beyond the SDK stands in <c>tests/README.md</c>, so that a skipped test is no surprise.</summary>
public sealed partial class ServersTests
{
    [Fact]
    public void Each_class_that_may_skip_is_named_in_the_readme()
    {
        var table = File.ReadLines(Repository.Path("tests/README.md"))
            .SkipWhile(line => !line.StartsWith("| server |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|'));
        var named = table.SelectMany(line => NamePattern().Matches(line).Select(name => name.Groups[1].Value));
        var needing = Directory.EnumerateFiles(Repository.Path("tests"), "*Tests.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains("Architecture.Tests", StringComparison.Ordinal))
            .Where(path => NeedPattern().IsMatch(File.ReadAllText(path)))
            .Select(path => Path.GetFileNameWithoutExtension(path));
        Assert.Equal(needing.ToHashSet().Order(StringComparer.Ordinal), named.ToHashSet().Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"`(\w+Tests)`")]
    private static partial Regex NamePattern();

    /// <summary>What skips, and the helpers that do so for a test.</summary>
    [GeneratedRegex(
        @"Assert\.Skip|\bServer\.(?:Docker|PostgreSql|Root|ZooKeeper)\(|\bServer\.Executable\((?!""dotnet"")|SmallDisk\."
        + @"|\bBusybox\b|\bPrometheusServer\.|(?:Docker|Postgres|ZooKeeper|Redis|Rabbit)Process\b|\bZooKeeperTestState\b"
        + @"|\bFaultCluster\b|\bOnCallStack\b|\bDemoImage\.|new Containers\(|\bRunningProxy\b")]
    private static partial Regex NeedPattern();
}
