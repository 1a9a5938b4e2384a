using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Console.Tests;

/// <summary>An agent, and what of a master leads to it, at the console's own address: its sandboxes' files are what a test
/// says.</summary>
internal sealed class AgentUnderTest
{
    public const string Id = "a-1";
    public const string Running = "shop_search.instance-1._app.1";
    public const string Ended = "shop_search.instance-0e0e0e0e-0000._app.1";

    private readonly ConcurrentDictionary<Channel<byte[]>, string> _followers = [];

    private AgentUnderTest()
    {
    }

    /// <summary>The files by task and name.</summary>
    public ConcurrentDictionary<(string Task, string Name), byte[]> Files { get; } = [];

    /// <summary>What all its calls are refused with; null for what is right.</summary>
    public (int Status, string Message)? Refusal { get; set; }

    /// <summary>Whether it is away: connections are broken.</summary>
    public bool IsAway { get; set; }

    /// <summary>Puts one beside the roles of a console.</summary>
    public static AgentUnderTest In(ConsoleUnderTest console)
    {
        var agent = new AgentUnderTest();
        console.Answers["/slaves"] = Examples.Agents.Replace(
            $"\"id\": \"{Id}\",", $"\"id\": \"{Id}\", \"pid\": \"slave(1)@{console.Url.Authority}\",", StringComparison.Ordinal);
        console.Answers["/tasks"] = $$"""
            {"tasks": [{"id": "{{Ended}}", "slave_id": "{{Id}}", "state": "TASK_FAILED"},
              {"id": "{{Running}}", "slave_id": "{{Id}}", "state": "TASK_RUNNING"}]}
            """;
        agent.Write(Running, "stdout", "one\n");
        agent.Write(Ended, "stdout", "the last words\n");
        agent.Write(Ended, "stderr", "a failure\n");
        console.Agent = agent.AnswerAsync;
        return agent;
    }

    /// <summary>Writes a file's end, and sends it to whoever follows it.</summary>
    public void Write(string task, string name, string text) => Write(task, name, Encoding.UTF8.GetBytes(text));

    public void Write(string task, string name, byte[] bytes)
    {
        Files.AddOrUpdate((task, name), bytes, (_, before) => [.. before, .. bytes]);
        foreach (var follower in _followers.Where(follower => follower.Value == $"/{task}/{name}"))
            Assert.True(follower.Key.Writer.TryWrite(bytes));
    }

    /// <summary>Ends what is followed, as an agent that ends does.</summary>
    public void Break()
    {
        foreach (var follower in _followers.Keys) follower.Writer.TryComplete(new IOException("it breaks off"));
    }

    private async Task<bool> AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path != "/state" && !path.StartsWith("/files/", StringComparison.Ordinal) && path != "/api/v1") return false;
        if (IsAway)
        {
            context.Abort();
            return true;
        }

        if (Refusal is { } refusal)
        {
            context.Response.StatusCode = refusal.Status;
            await context.Response.WriteAsync(refusal.Message);
            return true;
        }

        var asked = context.Request.Query["path"].ToString();
        var parts = asked.Trim('/').Split('/', 2);
        var key = (parts[0], parts.Length > 1 ? parts[1] : "");
        switch (path)
        {
            case "/state":
                await context.Response.WriteAsync(new JsonObject
                {
                    ["frameworks"] = new JsonArray(new JsonObject
                    {
                        ["executors"] = new JsonArray([.. Files.Keys.Select(file => file.Task).Distinct().Select(task =>
                            new JsonObject { ["id"] = task, ["directory"] = "/" + task, ["container"] = "c-" + task })]),
                    }),
                }.ToJsonString());
                break;
            case "/files/browse":
                await context.Response.WriteAsync(Entries(key.Item1, key.Item2).ToJsonString());
                break;
            case "/files/read" when Files.TryGetValue(key, out var file):
                await context.Response.WriteAsync(Part(context, file).ToJsonString());
                break;
            case "/files/download" when Files.TryGetValue(key, out var file):
                await context.Response.Body.WriteAsync(file);
                break;
            case "/files/tail" when Files.ContainsKey(key):
                await TailAsync(context, asked, key);
                break;
            default:
                context.Response.StatusCode = 404;
                await context.Response.WriteAsync($"there is no file '{asked}'");
                break;
        }

        return true;
    }

    private async Task TailAsync(HttpContext context, string path, (string, string) key)
    {
        var told = Channel.CreateUnbounded<byte[]>();
        if (context.Request.Query["follow"] == "true") _followers[told] = path;
        else told.Writer.Complete();
        try
        {
            await context.Response.Body.WriteAsync(Files[key]);
            await context.Response.Body.FlushAsync();
            await foreach (var bytes in told.Reader.ReadAllAsync(context.RequestAborted))
            {
                await context.Response.Body.WriteAsync(bytes);
                await context.Response.Body.FlushAsync();
            }
        }
        catch (IOException)
        {
            context.Abort();
        }
        catch (OperationCanceledException)
        {
            // Nobody follows any more.
        }
        finally
        {
            _followers.TryRemove(told, out _);
        }
    }

    private JsonArray Entries(string task, string directory)
    {
        var below = directory.Length == 0 ? "" : directory + "/";
        var names = Files.Keys.Where(file => file.Task == task && file.Name.StartsWith(below, StringComparison.Ordinal))
            .Select(file => file.Name[below.Length..]).ToList();
        return new JsonArray([.. names.Select(name => name.Split('/')[0]).Distinct().Select(name => new JsonObject
        {
            ["path"] = $"/{task}/{below}{name}",
            ["mode"] = names.Contains(name) ? "-rw-r--r--" : "drwxr-xr-x",
            ["size"] = names.Contains(name) ? Files[(task, below + name)].Length : 4096,
            ["mtime"] = 1_795_000_000,
        })]);
    }

    private static JsonObject Part(HttpContext context, byte[] file)
    {
        if (!long.TryParse(context.Request.Query["offset"], out var offset))
            return new JsonObject { ["offset"] = file.Length, ["data"] = "" };
        var length = int.Parse(context.Request.Query["length"].ToString());
        return new JsonObject
        {
            ["offset"] = offset,
            ["data"] = Encoding.UTF8.GetString(file.Skip((int)offset).Take(length).ToArray()),
        };
    }
}
