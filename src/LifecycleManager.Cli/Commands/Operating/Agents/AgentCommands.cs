using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Apps;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Cli.Commands.Operating.Agents;

/// <summary><c>lcm agent list</c> and the like, which stand below the command that runs an agent.</summary>
internal static class AgentCommands
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["list", "show", "drain", "resume"];

    /// <summary>Adds them to <c>lcm agent</c>.</summary>
    public static Command AddTo(Command agent, Settings settings)
    {
        agent.Add(List(settings));
        agent.Add(Show(settings));
        agent.Add(Drain(settings));
        agent.Add(Resume(settings));
        return agent;
    }

    private static Command List(Settings settings)
    {
        var command = new Command("list", "Lists the agents: how they are, and what of them is used.");
        var cluster = new ClusterOptions(command, settings, Asked.Master);
        return command.Does(async (parse, stop) =>
        {
            using var master = cluster.At(parse, Asked.Master);
            var agents = await new ListedAgents(master).ListAsync(stop);
            cluster.Printer(parse).List(new JsonArray([.. agents]), agents.Select(ListedAgents.Id), () =>
            {
                var table = new Table("AGENT", "HOST", "STATE", "CPUS", "MEM", "DISK", "VERSION", "SINCE");
                foreach (var agent in agents.OrderBy(ListedAgents.Host, StringComparer.Ordinal))
                    table.Add(ListedAgents.Id(agent), ListedAgents.Host(agent), ListedAgents.State(agent),
                        Used(agent, "cpus"), Used(agent, "mem"), Used(agent, "disk"), (string?)agent["version"],
                        Times.Ago((double?)(agent["reregistered_time"] ?? agent["registered_time"]), TimeProvider.System));
                return table;
            });
        }, "lcm agent list", "lcm agent list --output name");
    }

    private static Command Show(Settings settings)
    {
        var name = Argument();
        var command = new Command("show", "Shows an agent: its attributes, its resources, and the instances it runs.") { name };
        var cluster = new ClusterOptions(command, settings, Asked.Master | Asked.Scheduler);
        return command.Does(async (parse, stop) =>
        {
            using var master = cluster.At(parse, Asked.Master);
            var agent = await new ListedAgents(master).FindAsync(parse.GetValue(name)!, stop);
            var id = ListedAgents.Id(agent);
            using var scheduler = cluster.Scheduler(parse);
            var tasks = (await scheduler.GetAsync("/v2/tasks", MarathonJson.Default.TaskList, stop)).Tasks
                .Where(task => task.SlaveId == id).ToList();
            var printer = cluster.Printer(parse);
            printer.Show(agent, [id], () =>
            {
                var terminal = printer.Terminal;
                terminal.Line($"agent:       {id}");
                terminal.Line($"host:        {ListedAgents.Host(agent)}");
                terminal.Line($"state:       {ListedAgents.State(agent)}");
                terminal.Line($"cpus:        {Used(agent, "cpus")} used");
                terminal.Line($"mem:         {Used(agent, "mem")} MB used");
                terminal.Line($"disk:        {Used(agent, "disk")} MB used");
                terminal.Line($"version:     {agent["version"]}");
                foreach (var (key, value) in agent["attributes"] as JsonObject ?? [])
                    terminal.Line($"attribute:   {key}:{value}");
                terminal.Output.WriteLine();
                terminal.Write(AppShow.Instances(tasks));
            });
        }, "lcm agent show 10.0.0.7", "lcm agent show 7f1c --output json");
    }

    private static Command Drain(Settings settings)
    {
        var name = Argument();
        var grace = Setting.Of<TimeSpan?>(settings, "--grace", "The longest that an instance may take to end",
            text => Values.Time(TimeSpan.Zero, TimeSpan.FromDays(1))(text), () => null, "each app's own");
        var noWait = Setting.Flag(settings, "--no-wait", "Do not wait until nothing runs there");
        var limit = Setting.Of(settings, "--wait-limit", "The longest wait; the drain goes on after it",
            Values.Time(TimeSpan.FromSeconds(1), TimeSpan.FromDays(7)), () => TimeSpan.FromMinutes(30), "30m");
        var command = new Command("drain",
            "Ends all instances on an agent, which their apps start elsewhere, and has none start there until it is resumed.")
        {
            name, grace, noWait, limit,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Master, withOutput: false);
        return command.Does(async (parse, stop) =>
        {
            using var master = cluster.At(parse, Asked.Master);
            var agents = new ListedAgents(master);
            var id = ListedAgents.Id(await agents.FindAsync(parse.GetValue(name)!, stop));
            var drain = new JsonObject { ["agent_id"] = new JsonObject { ["value"] = id } };
            if (parse.GetValue(grace) is { } time)
                drain["max_grace_period"] = new JsonObject { ["nanoseconds"] = (long)(time.TotalSeconds * 1e9) };
            await agents.CallAsync(new JsonObject { ["type"] = "DRAIN_AGENT", ["drain_agent"] = drain }, stop);
            var terminal = cluster.Printer(parse).Terminal;
            if (parse.GetValue(noWait))
            {
                terminal.Line($"{id} is being drained: 'lcm agent show {id}' shows what still runs there");
                return;
            }

            using var end = new Primitives.Timing.TimeLimit(TimeProvider.System, parse.GetValue(limit), stop);
            try
            {
                while (ListedAgents.State(await agents.FindAsync(id, end.Token)) != "drained")
                    await Task.Delay(Poll, end.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                throw new CliException(
                    $"{id} is not drained within {Times.Span(parse.GetValue(limit))}, and goes on: 'lcm agent show {id}' shows "
                    + "what still runs there", code: ExitStatus.DeploymentFailed);
            }

            terminal.Line($"{id} is drained; 'lcm agent resume {id}' has it run instances again");
        }, "lcm agent drain 10.0.0.7", "lcm agent drain 10.0.0.7 --grace 30s --no-wait");
    }

    private static Command Resume(Settings settings)
    {
        var name = Argument();
        var command = new Command("resume", "Has a drained or deactivated agent run instances again.") { name };
        var cluster = new ClusterOptions(command, settings, Asked.Master, withOutput: false);
        return command.Does(async (parse, stop) =>
        {
            using var master = cluster.At(parse, Asked.Master);
            var agents = new ListedAgents(master);
            var id = ListedAgents.Id(await agents.FindAsync(parse.GetValue(name)!, stop));
            await agents.CallAsync(new JsonObject
            {
                ["type"] = "REACTIVATE_AGENT",
                ["reactivate_agent"] = new JsonObject { ["agent_id"] = new JsonObject { ["value"] = id } },
            }, stop);
            cluster.Printer(parse).Terminal.Line($"{id} runs instances again");
        }, "lcm agent resume 10.0.0.7", "lcm agent resume 7f1c");
    }

    private static Argument<string> Argument() =>
        new("agent") { Description = "The agent's id or its beginning, or its host's name" };

    private static string Used(JsonObject agent, string what) => string.Create(CultureInfo.InvariantCulture,
        $"{Times.Amount((double?)agent["used_resources"]?[what])}/{Times.Amount((double?)agent["resources"]?[what])}");
}
