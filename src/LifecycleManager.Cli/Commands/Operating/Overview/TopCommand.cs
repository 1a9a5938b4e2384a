using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using LifecycleManager.Cli.Commands.Operating.Calls;
using LifecycleManager.Cli.Commands.Operating.Output;
using LifecycleManager.Cli.Configuration;

namespace LifecycleManager.Cli.Commands.Operating.Overview;

/// <summary><c>lcm top</c></summary>
internal static class TopCommand
{
    /// <summary>Its name.</summary>
    public const string Name = "top";

    public static Command Create(Settings settings)
    {
        var every = Setting.Of(settings, "--every", "The time between two looks",
            Values.Time(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)), () => TimeSpan.FromSeconds(2), "2s");
        var command = new Command(Name,
            "Shows what apps use of cpus and memory beside what they ask for, those that use most first: live at a terminal, "
                + "once "
            + "in a pipe.")
        {
            every,
        };
        var cluster = new ClusterOptions(command, settings, Asked.Master);
        return command.Does(async (parse, stop) =>
        {
            using var master = cluster.At(parse, Asked.Master);
            var reader = new UsageReader(cluster, parse, master);
            var printer = cluster.Printer(parse);
            var pause = parse.GetValue(every);

            // A share of cpus needs two looks.
            await reader.ReadAsync(stop);
            var isLive = printer.Terminal.IsTerminal && printer.Format == OutputFormat.Table;
            try
            {
                do
                {
                    await Task.Delay(pause, stop);
                    var (apps, problems) = await reader.ReadAsync(stop);
                    if (isLive) printer.Terminal.Clear();
                    Show(printer, apps);
                    foreach (var problem in problems)
                        await printer.Terminal.Error.WriteLineAsync($"lcm: {SafeText.Line(problem)}");
                }
                while (isLive);
            }
            catch (OperationCanceledException) when (isLive && stop.IsCancellationRequested)
            {
                // That is how one leaves it.
            }
        }, "lcm top", "lcm top --every 10s --output json");
    }

    private static void Show(Printer printer, IReadOnlyList<Usage> apps) => printer.List(
        new JsonArray([.. apps.Select(app => new JsonObject
        {
            ["app"] = app.App,
            ["instances"] = app.Instances,
            ["cpus"] = app.Cpus,
            ["cpusLimit"] = app.CpusLimit,
            ["mem"] = app.Memory,
            ["memLimit"] = app.MemoryLimit,
        })]), apps.Select(app => app.App), () =>
        {
            var table = new Table("APP", "INSTANCES", "CPUS", "ASKED", "MEM", "ASKED");
            foreach (var app in apps)
                table.Add(app.App, app.Instances.ToString(CultureInfo.InvariantCulture), Amount(app.Cpus), Amount(app.CpusLimit),
                    Amount(app.Memory), Amount(app.MemoryLimit));
            return table;
        });

    private static string Amount(double? amount) => amount?.ToString("0.##", CultureInfo.InvariantCulture) ?? "-";
}
