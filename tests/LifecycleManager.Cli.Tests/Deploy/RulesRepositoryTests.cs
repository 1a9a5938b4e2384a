using System.Diagnostics;
using System.Text.RegularExpressions;

namespace LifecycleManager.Cli.Tests.Deploy;

/// <summary>The hook and the workflow of a repository of rules, as rules/README.md has them, run as they stand there.</summary>
public sealed partial class RulesRepositoryTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-rules-repository-").FullName;

    public RulesRepositoryTests()
    {
        var rules = Directory.CreateDirectory(Path.Combine(_directory, "rules")).FullName;
        foreach (var name in (string[])["target.yml", "target.test.yml"])
            File.Copy(Repository.Path(Path.Combine("rules/examples", name)), Path.Combine(rules, name));
        var lcm = Path.Combine(Directory.CreateDirectory(Path.Combine(_directory, "bin")).FullName, "lcm");
        File.WriteAllText(lcm, $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "lcm.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(lcm, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task The_hook_lets_good_rules_in_and_no_others()
    {
        var hook = Blocks("sh").Single(block => block.StartsWith("#!/bin/sh", StringComparison.Ordinal));
        Assert.Equal(0, (await ShellAsync(hook)).Code);
        var test = Path.Combine(_directory, "rules/target.test.yml");
        var text = await File.ReadAllTextAsync(test, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(test, text.Replace("instances: ", "instances: 1", StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        var (code, output) = await ShellAsync(hook);
        Assert.True(code == 1, output);
        Assert.Contains("FAIL", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_step_of_the_workflow_runs()
    {
        var workflow = Blocks("yaml").Single(block => block.StartsWith("name: rules", StringComparison.Ordinal));
        var steps = Step().Matches(workflow).Select(step => step.Groups[1].Value).ToList();
        Assert.Equal(3, steps.Count);
        foreach (var step in steps)
        {
            var (code, output) = await ShellAsync(step);
            Assert.True(code == 0, $"{step}\n{output}");
        }

        Assert.Contains("<testsuite name=\"rules/target.test.yml\"",
            await File.ReadAllTextAsync(Path.Combine(_directory, "results.xml"), TestContext.Current.CancellationToken),
            StringComparison.Ordinal);
    }

    private static IEnumerable<string> Blocks(string language) =>
        Regex.Matches(File.ReadAllText(Repository.Path("rules/README.md")), $"(?ms)^```{language}\\n(.*?)^```")
            .Select(block => block.Groups[1].Value);

    private async Task<(int Code, string Output)> ShellAsync(string script)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", script])
        {
            WorkingDirectory = _directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = $"{Path.Combine(_directory, "bin")}:{start.Environment["PATH"]}";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output + await error);
    }

    [GeneratedRegex("(?m)^ *- run: (.*)$")]
    private static partial Regex Step();
}
