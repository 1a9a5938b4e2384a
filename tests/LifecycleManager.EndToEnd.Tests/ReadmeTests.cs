using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LifecycleManager.Cli.Commands;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.EndToEnd.Tests.Harness;
using LifecycleManager.Testing;
using Microsoft.Extensions.Configuration;

namespace LifecycleManager.EndToEnd.Tests;

/// <summary>
/// Every command of the README, run. Those of one machine run as they stand, on ports of their own; those of many machines and
/// real clusters are composed to the last option and not started, since the machines they name are not there. A command of
/// another kind fails.
/// </summary>
public sealed partial class ReadmeTests : IDisposable
{
    private const string Policy =
        "policy: search\napp: /shop/search\ninstances: { min: 1, max: 5 }\nmetrics: { cpu: { container: cpu, across: avg } }\n"
        + "rules:\n  - { rule: busy, target: { metric: cpu, value: 0.6 } }\n";

    private static readonly string[] Roles = ["master", "agent", "scheduler", "manager"];
    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-readme-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Every_command_is_of_a_kind_that_is_run_here()
    {
        Assert.True(Commands().Count > 30);
        Assert.All(Commands(), command => Assert.True(KindOf(command) != Kind.Unknown, $"what is to become of: {command}"));
    }

    [Fact]
    public void Every_path_that_is_named_is_there()
    {
        var paths = PathPattern().Matches(File.ReadAllText(Path.Combine(Repository.Root, "README.md")))
            .Select(match => match.Value.TrimEnd('.', '/', ',')).Distinct().ToList();
        Assert.Contains("src/LifecycleManager.Cli", paths);

        // What a reader's own commands make, and what he is to have.
        string[] made = ["rules/search.yml", "rules/shop.yml"];
        Assert.All(paths.Except(made), path => Assert.True(Path.Exists(Path.Combine(Repository.Root, path)),
            $"{path} is not there"));
    }

    [Fact]
    public async Task Commands_of_one_machine_run_as_they_stand()
    {
        await using var stack = await Stack.UpAsync(rules: new Dictionary<string, string> { ["search.yml"] = Policy });
        async Task<JsonNode> PutAsync(string app, int instances = 1, string? canary = null, int seconds = 1000)
        {
            var json = new JsonObject
            {
                ["id"] = "/" + app,
                ["cmd"] = $"exec sleep {seconds}",
                ["cpus"] = 0.1,
                ["mem"] = 32,
                ["instances"] = instances,
            };
            if (canary is not null) json["labels"] = new JsonObject { ["lcm.canary"] = canary };
            using var answer = await stack.Scheduler.PutAsync($"/v2/apps/{app}?force=true",
                new StringContent(json.ToJsonString(), null, "application/json"));
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True(answer.IsSuccessStatusCode, text);
            return JsonNode.Parse(text)!;
        }

        // A deployment that waits for its reader's word.
        async Task<string> CanaryAsync()
        {
            await PutAsync("canary", 2, "1 pause");
            await stack.DeployedAsync();
            var id = (string)(await PutAsync("canary", 2, "1 pause", seconds: 1001))["deploymentId"]!;
            await Eventually.TrueAsync(
                async () => JsonNode.Parse(await stack.Scheduler.GetStringAsync($"/v2/deployments/{id}"))!["paused"] is not null,
                "a canary that waits", more: stack.Describe);
            return id;
        }

        await PutAsync("shop/search");
        var history = new Uri("/v1/history?app=/shop/search", UriKind.Relative);
        await Eventually.TrueAsync(async () => (await stack.Manager.GetStringAsync(history))
            .Split('\n') is [_, { Length: > 0 }, ..], "the app has a history", more: stack.Describe);
        CopyRules();
        Directory.CreateDirectory(Path.Combine(_directory, "bin"));
        var lcm = Path.Combine(_directory, "bin", "lcm");
        await File.WriteAllTextAsync(lcm,
            $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "lcm.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(lcm, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var ran = 0;
        foreach (var command in Commands().Where(command => KindOf(command) == Kind.OneMachine))
        {
            // What stands for the reader's own.
            var line = command.Replace("localhost:8080", stack.Scheduler.BaseAddress!.Authority, StringComparison.Ordinal)
                .Replace("localhost:8090", stack.Manager.BaseAddress!.Authority, StringComparison.Ordinal);
            if (line.Contains("/ID/", StringComparison.Ordinal))
                line = line.Replace("/ID/", $"/{await CanaryAsync()}/", StringComparison.Ordinal);
            if (line.StartsWith("lcm recommend", StringComparison.Ordinal)
                || line.StartsWith("lcm schedule", StringComparison.Ordinal)) line += $" --manager {stack.Manager.BaseAddress}";
            if (OperatorPattern().IsMatch(line))
                line = $"LCM_SCHEDULER={stack.Scheduler.BaseAddress} LCM_MASTER={stack.Master.BaseAddress} "
                    + $"LCM_MANAGER={stack.Manager.BaseAddress} {line}";
            if (line.StartsWith("curl", StringComparison.Ordinal)) line = "curl -sS --fail-with-body" + line["curl".Length..];
            var (code, output) = await ShellAsync(line);

            // The policy tools say with 1 that they found something.
            var fine = line.StartsWith("lcm policy", StringComparison.Ordinal) ? code is 0 or 1
                : line.EndsWith("lcm doctor", StringComparison.Ordinal) ? code is 0 or 2 : code == 0;
            Assert.True(fine, $"{line}\nends with {code}:\n{output}");
            ran++;

            // No registry is reached from here: what the page goes on with is a process in the image's place, once it is
            // deployed.
            if (!line.Contains("nginx:alpine", StringComparison.Ordinal)) continue;
            await stack.Scheduler.DeleteAsync(new Uri("/v2/apps/web?force=true", UriKind.Relative));
            await PutAsync("web");
            await stack.DeployedAsync();
        }

        Assert.True(ran >= 12, $"{ran} commands");
        using var deleted = await stack.Scheduler.DeleteAsync("/v2/pods/shop/pair?force=true");
        Assert.True(deleted.IsSuccessStatusCode, await deleted.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Commands_of_many_machines_are_composed_to_the_last_option()
    {
        using var authority = new CertificateAuthority("readme");
        var (certificate, key) = authority.Files(_directory, "m1", "m1", server: true, client: true);
        var files = new Dictionary<string, string>
        {
            ["m1.pem"] = certificate,
            ["m1.key"] = key,
            ["ca.pem"] = authority.AuthorityFile(_directory),
            ["/etc/lcm/rules"] = Path.Combine(Repository.Root, "rules"),
            ["/etc/nginx/nginx.conf"] =
                Path.Combine(_directory, "nginx.conf"),
            ["/etc/haproxy/haproxy.cfg"] = Path.Combine(_directory, "haproxy.cfg"),
        };
        foreach (var secret in (string[])["db", "node", "marathon", "manager"])
            files[$"/run/secrets/{secret}"] = await WriteAsync($"secret-{secret}", "secret");
        foreach (var callers in (string[])["credentials.json", "viewers.json", "callers.json"])
            files[callers] =
                await WriteAsync(callers,
                    """{"credentials": [{"principal": "ops", "secret": "s", "permissions": ["operate"]}]}""");
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        foreach (var command in Commands().Where(command => KindOf(command) == Kind.ManyMachines))
        {
            var words = Words(command).Skip(1).Select(word => files.Aggregate(word, (text, file) =>
                text == file.Key || text.EndsWith("@" + file.Key, StringComparison.Ordinal)
                ? text.Replace(file.Key, file.Value, StringComparison.Ordinal) : text)).ToList();
            if (Roles.Contains(words[0])) words.AddRange(["--work-dir", Path.Combine(_directory, words[0]), "--port", "0"]);
            using var error = new StringWriter();
            var code = await CommandLine.RunAsync([.. words], () => new Settings(new ConfigurationBuilder().Build()),
                TextWriter.Null, error, stop: stopped.Token);

            // Composed, and asked to stop at the very moment it begins.
            Assert.True(code is 0 or 130 && error.ToString().Length == 0, $"{command}\nends with {code}: {error}");
        }
    }

    private static Kind KindOf(string command) => Words(command) switch
    {
        ["curl", ..] => Kind.OneMachine,

        // It needs hours of a history; the tests of replay have them.
        ["lcm", "policy", "replay", ..] => Kind.RunElsewhere,

        // The tests of joining run them: they need a token that is good, and an authority.
        ["lcm", "ca" or "token", ..] => Kind.RunElsewhere,
        var words when words.Contains("--join") || words.Contains("--ca-dir") => Kind.RunElsewhere,
        ["lcm", "policy" or "recommend" or "schedule", ..] => Kind.OneMachine,
        ["lcm", "status" or "doctor" or "why" or "app" or "queue" or "help", ..] or ["lcm", "agent", "list"] => Kind.OneMachine,
        ["lcm", "master" or "agent" or "scheduler" or "manager" or "proxy", ..] => Kind.ManyMachines,

        // The other tests of this project run these, and CI runs dotnet test.
        ["dotnet", "run", "--project", "src/LifecycleManager.Cli", "--", "up", ..] or ["dotnet", "test"]
            or ["dotnet", "run", "--project", "tests/LifecycleManager.Demo"] => Kind.RunElsewhere,
        ["dotnet", "run", "-c", "Release", "--project", "tests/LifecycleManager.Benchmarks", ..] => Kind.RunElsewhere,
        _ => Kind.Unknown,
    };

    /// <summary>The commands of the indented blocks, each on one line, without what is a comment.</summary>
    private static List<string> Commands()
    {
        var commands = new List<string>();
        var open = new StringBuilder();
        var fenced = false;
        foreach (var line in File.ReadLines(Path.Combine(Repository.Root, "README.md")))
        {
            if (line.StartsWith("```", StringComparison.Ordinal)) fenced = !fenced;
            if (fenced || (open.Length == 0 && !CommandPattern().IsMatch(line))) continue;
            var text = open.Length == 0 ? line.Trim() : line.Trim();
            if (text.EndsWith('\\')) text = text[..^1];
            open.Append(open.Length == 0 ? "" : " ").Append(text);

            // A command ends with its quotes closed and no line to follow.
            if (line.EndsWith('\\') || open.ToString().Count(c => c == '\'') % 2 == 1) continue;
            commands.Add(CommentPattern().Replace(open.ToString(), "").Trim());
            open.Clear();
        }

        return commands;
    }

    private static string[] Words(string command) =>
        [.. WordPattern().Matches(command).Select(match => match.Value.Replace("'", "", StringComparison.Ordinal)
            .Replace("\"", "", StringComparison.Ordinal))];

    private async Task<string> WriteAsync(string name, string text)
    {
        var path = Path.Combine(_directory, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }

    /// <summary>The rules beside the reader, with what his own commands made before, and the files that he is to bring.</summary>
    private void CopyRules()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "rules"), "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_directory, Path.GetRelativePath(Repository.Root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.WriteAllText(Path.Combine(_directory, "new.yml"), Policy);
        File.WriteAllText(Path.Combine(_directory, "web.yml"), "id: /web\ncmd: exec sleep 1000\ncpus: 0.1\nmem: 32\n");
        File.WriteAllText(Path.Combine(_directory, "hpa.yaml"), """
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: { name: shop }
            spec:
              scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: shop }
              minReplicas: 1
              maxReplicas: 5
              metrics:
                - { type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 60 } } }

            """);
    }

    private async Task<(int Code, string Output)> ShellAsync(string line)
    {
        var start = new ProcessStartInfo("bash", ["-c", line])
        {
            WorkingDirectory = _directory,
            RedirectStandardOutput = true,
            RedirectStandardError = true
        };
        start.Environment["PATH"] = $"{Path.Combine(_directory, "bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await output + await error);
    }

    [GeneratedRegex(@"^\s{4,}(curl|lcm|dotnet|docker|git|mkdir|export)\s")]
    private static partial Regex CommandPattern();

    [GeneratedRegex(@"^lcm (status|doctor|why|app|queue|agent list)\b")]
    private static partial Regex OperatorPattern();

    [GeneratedRegex(@"\s+# .*$")]
    private static partial Regex CommentPattern();

    [GeneratedRegex(@"(?:'[^']*'|""[^""]*""|[^\s'""])+")]
    private static partial Regex WordPattern();

    [GeneratedRegex(@"(?<![\w/.-])(src|tests|rules|dashboards)/[\w./-]+")]
    private static partial Regex PathPattern();

    private enum Kind
    {
        Unknown,
        OneMachine,
        ManyMachines,
        RunElsewhere,
    }
}
