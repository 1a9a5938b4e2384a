using System.Text.Encodings.Web;
using System.Text.Json;
using LifecycleManager.Protocol.Marathon;

namespace LifecycleManager.Console.Clients;

/// <summary>Definitions of apps as text, and what differs between two.</summary>
internal static class Definitions
{
    /// <summary>Places of the table of two texts' lines: beyond, one is told after the other.</summary>
    private const long MaxTable = 1_000_000;

    /// <summary>What is shown in place of what may be a secret.</summary>
    public const string Cover = "•••";

    private static readonly MarathonJson Json = new(new JsonSerializerOptions(MarathonJson.Default.Options)
    {
        WriteIndented = true,

        // For people: the page escapes what it shows.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>What a person has written of an app: nothing of how it stands.</summary>
    public static App Bare(App app) => app with
    {
        Version = null,
        VersionInfo = null,
        CountOwner = null,
        CountSuspended = null,
        CreatedAt = null,
        TasksStaged = null,
        TasksRunning = null,
        TasksHealthy = null,
        TasksUnhealthy = null,
        Deployments = null,
        Tasks = null,
        LastTaskFailure = null,
        TaskStats = null,
        ReadinessCheckResults = null,
        Pod = null,
    };

    /// <summary>The definition in JSON, a line a field.</summary>
    public static string Written(App app) => JsonSerializer.Serialize(Bare(app), Json.App);

    /// <summary>The definition in JSON; covered, without what variables hold.</summary>
    public static string Shown(App app, bool covered) => Written(covered ? Covered(app, Cover) : app);

    /// <summary>
    /// What differs between two definitions. What a variable holds may be a secret: covered, it is told which has another value,
    /// and not which one.
    /// </summary>
    public static IReadOnlyList<(char Side, string Line)> Difference(App old, App @new, bool covered) => covered
        ? Difference(Written(Covered(old, Cover)), Written(Covered(@new, Cover, old.Env)))
        : Difference(Written(old), Written(@new));

    /// <summary>
    /// The lines of two texts side by side: <c>' '</c> in both, <c>'-'</c> in the old one alone, <c>'+'</c> in the new one alone.
    /// </summary>
    public static IReadOnlyList<(char Side, string Line)> Difference(string old, string @new)
    {
        var (a, b) = (old.Split('\n'), @new.Split('\n'));

        // The longest common subsequence; beginnings and ends that are the same are left out of the table.
        var begin = a.Zip(b).TakeWhile(pair => pair.First == pair.Second).Count();
        var end = a.Skip(begin).Reverse().Zip(b.Skip(begin).Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        var (rows, columns) = (a.Length - begin - end, b.Length - begin - end);
        if ((long)rows * columns > MaxTable)
        {
            return
            [
                .. a.Take(begin).Select(line => (' ', line)), .. a.Skip(begin).Take(rows).Select(line => ('-', line)),
                .. b.Skip(begin).Take(columns).Select(line => ('+', line)), .. a.Skip(a.Length - end).Select(line => (' ', line)),
            ];
        }

        var lengths = new int[rows + 1, columns + 1];
        for (var i = rows - 1; i >= 0; i--)
        {
            for (var j = columns - 1; j >= 0; j--)
            {
                lengths[i, j] = a[begin + i] == b[begin + j]
                    ? lengths[i + 1, j + 1] + 1 : Math.Max(lengths[i + 1, j], lengths[i, j + 1]);
            }
        }

        var lines = a.Take(begin).Select(line => (' ', line)).ToList();
        for (int i = 0, j = 0; i < rows || j < columns;)
        {
            if (i < rows && j < columns && a[begin + i] == b[begin + j])
            {
                lines.Add((' ', a[begin + i++]));
                j++;
            }
            else if (i < rows && (j == columns || lengths[i + 1, j] >= lengths[i, j + 1])) lines.Add(('-', a[begin + i++]));
            else lines.Add(('+', b[begin + j++]));
        }

        lines.AddRange(a.Skip(a.Length - end).Select(line => (' ', line)));
        return lines;
    }

    private static App Covered(App app, string cover, IReadOnlyDictionary<string, JsonElement>? old = null) =>
        app.Env is not { } env ? app : app with
        {
            Env = env.ToDictionary(variable => variable.Key, variable =>
                variable.Value.ValueKind != JsonValueKind.String ? variable.Value
                : Text(old is null || !old.TryGetValue(variable.Key, out var before) || before.ToString() == $"{variable.Value}"
                    ? cover : cover + " (another value)")),
        };

    private static JsonElement Text(string text) =>
        JsonDocument.Parse($"\"{text}\"").RootElement;
}
