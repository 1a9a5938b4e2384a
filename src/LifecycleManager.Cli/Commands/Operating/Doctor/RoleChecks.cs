using System.CommandLine;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Agents;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Commands.Operating.Overview;

namespace LifecycleManager.Cli.Commands.Operating.Doctor;

/// <summary>What can be wrong with each role by itself: its port, its health (which knows its disk and engine), its clock, its
/// certificate, its version.</summary>
internal static class RoleChecks
{
    // A date in a header is good to a second, and the way takes its time.
    private static readonly TimeSpan MaxClock = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Soon = TimeSpan.FromDays(30);
    private static readonly TimeSpan Handshake = TimeSpan.FromSeconds(5);

    /// <summary>The schedulers, masters and managers.</summary>
    public static async Task<IReadOnlyList<Finding>> RolesAsync(
        ClusterOptions cluster, ParseResult parse, TimeProvider time, CancellationToken stop)
    {
        var findings = await Task.WhenAll(Enum.GetValues<Asked>().SelectMany(role => cluster.Each(parse, role)
            .Select(at => OneAsync(ClusterOptions.Name(role), $"--{ClusterOptions.Name(role)}", at, time, stop))));
        return [.. findings.SelectMany(found => found)];
    }

    /// <summary>The agents that the master has.</summary>
    public static async Task<IReadOnlyList<Finding>> AgentsAsync(
        ClusterOptions cluster, ParseResult parse, TimeProvider time, CancellationToken stop)
    {
        using var master = cluster.At(parse, Asked.Master);
        var directory = new ListedAgents(master);
        var agents = await directory.ListAsync(stop);
        if (agents.Count == 0)
            return [Finding.Error("agents", "the master has none: nothing can run", "start one: 'lcm agent --master ADDRESS'")];
        var findings = new List<Finding>();
        foreach (var agent in agents)
        {
            var where = $"agent {ListedAgents.Host(agent)}";
            switch (ListedAgents.State(agent))
            {
                case "away":
                    findings.Add(Finding.Error(where, "the master does not hear it", "look whether it runs, and at its log"));
                    continue;
                case "active": break;
                case var state:
                    findings.Add(Finding.Warning(where, $"it is {state}: nothing starts there",
                        $"'lcm agent resume {ListedAgents.Id(agent)}' once its work is done"));
                    break;
            }

            findings.AddRange(await OneAsync(
                where, "the agent's --hostname", cluster.Agent(parse, directory.Address(agent)), time,
                stop));
        }

        var versions = agents.GroupBy(agent => (string?)agent["version"] ?? "?", StringComparer.Ordinal).ToList();
        if (versions.Count > 1)
            findings.Add(Finding.Warning("agents", "they are of several versions: "
                + string.Join(", ", versions.Select(version => $"{version.Count()} of {version.Key}")), "bring all to one"));
        if (await VersionAsync(master, stop) is { } version && versions.Any(other => other.Key != version))
            findings.Add(Finding.Warning(
                "master", $"it is {version}, and agents are {string.Join(", ", versions.Select(one => one.Key))}",
                "bring all to one"));
        return findings;
    }

    private static async Task<string?> VersionAsync(Endpoint master, CancellationToken stop) =>
        (string?)(await master.FindAsync("/version", stop))?["version"];

    private static async Task<IReadOnlyList<Finding>> OneAsync(
        string where, string option, Endpoint at, TimeProvider time, CancellationToken stop)
    {
        using (at)
        {
            var name = where.Contains(' ', StringComparison.Ordinal) ? where : $"{where} {at.Address}";
            var findings = new List<Finding>();
            var health = await StatusCommand.HealthAsync(where, at, stop);
            var reasons = string.Join("; ", health["reasons"]!.AsArray().Select(reason => $"{reason}"));
            if ((string?)health["status"] == "away")
                return [Finding.Error(name, reasons, $"start it, open its port, or say where it is with {option}")];
            if ((string?)health["status"] == "down")
                findings.Add(Finding.Error(name, $"it cannot do its work: {reasons}", Advice(reasons)));
            else if ((string?)health["status"] != "up") findings.Add(Finding.Warning(name, reasons, Advice(reasons)));
            if (await ClockAsync(at, time, stop) is { } ahead && ahead.Duration() > MaxClock)
                findings.Add(Finding.Warning(name,
                    $"its clock is {Times.Span(ahead.Duration())} {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the one here",
                    "have both follow one time server"));
            if (await CertificateEndAsync(new Uri(at.Address), stop) is { } end && end - time.GetUtcNow() is var left
                && left < Soon)
                findings.Add(left < TimeSpan.Zero
                    ? Finding.Error(name, $"its certificate has ended on {end:yyyy-MM-dd}",
                        "give it a new one: it is read anew by itself")
                    : Finding.Warning(name, $"its certificate ends on {end:yyyy-MM-dd}, in {Times.Span(left)}",
                        "give it a new one: it is read anew by itself"));
            return findings;
        }
    }

    private static string Advice(string reasons) => reasons switch
    {
        _ when reasons.Contains("disk", StringComparison.OrdinalIgnoreCase) => "make room on its disk",
        _ when reasons.Contains("engine", StringComparison.OrdinalIgnoreCase)
            || reasons.Contains("Docker", StringComparison.OrdinalIgnoreCase) => "look at the Docker engine of that machine",
        _ when reasons.Contains("refused: ", StringComparison.Ordinal) => "put the file right: 'lcm policy check FILE'",
        _ => "its log says more",
    };

    private static async Task<TimeSpan?> ClockAsync(Endpoint at, TimeProvider time, CancellationToken stop)
    {
        try
        {
            return await at.ClockAsync(time, stop);
        }
        catch (CliException)
        {
            // Its health has answered: what is wrong is told by the next look.
            return null;
        }
    }

    /// <summary>When a certificate ends, whoever has made it; null where there is none to be seen.</summary>
    private static async Task<DateTimeOffset?> CertificateEndAsync(Uri address, CancellationToken stop)
    {
        if (address.Scheme != "https") return null;
        using var limit = new Primitives.Timing.TimeLimit(TimeProvider.System, Handshake, stop);
        DateTimeOffset? end = null;
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.Host, address.Port, limit.Token);
            await using var tls = new SslStream(client.GetStream());
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
            {
                TargetHost = address.Host,

                // Nothing is sent over it: it is looked at, also where nobody would trust it.
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    if (certificate is X509Certificate2 full) end = full.NotAfter;
                    return false;
                },
            }, limit.Token);
        }
        catch (Exception e) when (e is System.Security.Authentication.AuthenticationException or IOException or SocketException
            or OperationCanceledException && !stop.IsCancellationRequested)
        {
            // It was seen, or its health tells why not.
        }

        return end;
    }
}
