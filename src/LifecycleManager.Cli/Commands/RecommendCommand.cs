using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using LifecycleManager.Cli.Commands.Policy;
using LifecycleManager.Cli.Configuration;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Commands;

/// <summary><c>lcm recommend</c>: what apps ask for beside what they use, the greatest waste first. It changes nothing.</summary>
internal static class RecommendCommand
{
    private static readonly string[] Columns =
        ["APP", "INSTANCES", "CPUS", "USED", "RIGHT", "MEM", "PEAKS", "RIGHT", "WASTED CPUS", "WASTED MB", "ADVICE"];

    public static Command Create(Settings settings)
    {
        var app = new Argument<string?>("app")
        {
            Description = "The app's id, /shop/search [default: all apps]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var manager = ManagerHttp.Option(settings, "The manager");
        var format = Setting.Of(settings, "--output", "table, or json as the manager answers", Values.Among<Format>(),
            () => Format.Table, "table");
        var command = new Command("recommend",
            "Shows what cpus and memory apps ask for beside what they use, and what would be right. Nothing is changed.")
        {
            app, manager, format,
        };
        var caller = new CallerSettings(command, settings, "a manager");
        command.SetAction(async (parse, stop) =>
        {
            using var answer = await AskAsync(parse.GetValue(manager)!, caller.Caller(parse), parse.GetValue(app), stop);
            var output = parse.InvocationConfiguration.Output;
            try
            {
                if (parse.GetValue(format) == Format.Json)
                    await output.WriteLineAsync(JsonSerializer.Serialize(answer, ManagerHttp.Indented));
                else Write(answer.RootElement, parse.GetValue(app) is not null, output);
            }
            catch (Exception e) when (e is KeyNotFoundException or InvalidOperationException or FormatException)
            {
                throw new CliException($"{parse.GetValue(manager)} did not answer with what a manager answers", e);
            }

            return ExitStatus.Success;
        });
        return command;
    }

    private static async Task<JsonDocument> AskAsync(Uri manager, Caller caller, string? app, CancellationToken stop)
    {
        using var http = ManagerHttp.Create(caller);
        http.MaxResponseContentBufferSize = ManagerHttp.LongestAnswer;
        var query = app is null ? "" : "?app=" + Uri.EscapeDataString("/" + app.Trim('/'));
        var address = ManagerHttp.At(manager, "/v1/recommendations" + query);
        try
        {
            using var answer = await http.GetAsync(address, stop);
            var text = await answer.Content.ReadAsStringAsync(stop);
            if (!answer.IsSuccessStatusCode)
                throw new CliException(ExplainCommand.Message(text) ?? $"{address} answered {(int)answer.StatusCode}");
            return JsonDocument.Parse(text);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException
            || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            throw new CliException($"{address} cannot be read: {e.Message}", e);
        }
    }

    private static void Write(JsonElement answer, bool isOne, TextWriter output)
    {
        var totals = answer.GetProperty("totals");
        var asked = totals.GetProperty("asked");
        var apps = answer.GetProperty("apps").EnumerateArray()
            .OrderByDescending(app => Share(app.GetProperty("waste"), asked))
            .ThenBy(app => app.GetProperty("app").GetString(), StringComparer.Ordinal).ToList();
        List<string[]> rows = [Columns, .. apps.Select(Row)];
        var widths = Enumerable.Range(0, Columns.Length - 1).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            // Names to the left, numbers to the right.
            var cells = widths.Select((width, i) => i == 0 ? row[i].PadRight(width) : row[i].PadLeft(width));
            output.WriteLine(string.Join("  ", [.. cells, row[^1]]));
        }

        if (!isOne)
        {
            var waste = totals.GetProperty("waste");
            output.WriteLine(
                $"lcm: {Amount(waste, "cpus")} of {Amount(asked, "cpus")} cpus and {Amount(waste, "mem")} of "
                + $"{Amount(asked, "mem")} MB are asked and not used; "
                + $"known of {totals.GetProperty("known")} of {totals.GetProperty("apps")} apps");
        }

        foreach (var app in apps.Where(_ => isOne))
        {
            if (app.TryGetProperty("put", out var put))
                output.WriteLine($"lcm: PUT /v2/apps{app.GetProperty("app").GetString()} {put.GetRawText()}");
        }

        if (answer.TryGetProperty("problem", out var problem)) output.WriteLine($"lcm: {problem.GetString()}");
        if (answer.TryGetProperty("leftOut", out var left)) output.WriteLine($"lcm: {left} apps more are not kept");
        if (answer.TryGetProperty("setAside", out var keys))
            output.WriteLine($"lcm: begun anew, since what is stored cannot be read: {string.Join(", ", keys.EnumerateArray())}");
    }

    private static string[] Row(JsonElement app)
    {
        var (cpus, mem, waste) = (app.GetProperty("cpus"), app.GetProperty("mem"), app.GetProperty("waste"));
        return
        [
            app.GetProperty("app").GetString()!, app.GetProperty("instances").ToString(),
            Amount(cpus, "asked"), Amount(cpus, "used"), Amount(cpus, "target"),
            Amount(mem, "asked"), Amount(mem, "used"), Amount(mem, "target"),
            Amount(waste, "cpus"), Amount(waste, "mem"), app.GetProperty("advice").GetString()!,
        ];
    }

    /// <summary>A number to a hundredth; a dash where there is none.</summary>
    private static string Amount(JsonElement of, string name) => of.TryGetProperty(name, out var amount)
        ? amount.GetDouble().ToString("0.##", CultureInfo.InvariantCulture) : "-";

    /// <summary>The share of all that is asked, cpus and memory alike.</summary>
    private static double Share(JsonElement waste, JsonElement asked) =>
        Share(waste, asked, "cpus") + Share(waste, asked, "mem");

    private static double Share(JsonElement waste, JsonElement asked, string name) =>
        asked.GetProperty(name).GetDouble() is > 0 and var all ? waste.GetProperty(name).GetDouble() / all : 0;

    private enum Format
    {
        Table,
        Json,
    }
}
