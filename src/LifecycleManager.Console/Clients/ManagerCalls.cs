using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace LifecycleManager.Console.Clients;

/// <summary>What the console asks of the manager about what is scheduled, recommended and stopped, as one caller.</summary>
/// <param name="http">A client of the manager.</param>
internal sealed class ManagerCalls(HttpClient http)
{
    private const int MostJobs = 50;
    private const int MostTimes = 200;

    /// <summary>The jobs and the scheduled rules.</summary>
    public Task<SchedulePage> AllAsync(CancellationToken cancellation) => GetAsync<SchedulePage>("v1/schedules", cancellation);

    /// <summary>One job.</summary>
    /// <exception cref="UnknownAppException">There is none.</exception>
    public Task<JobDetail> OneAsync(string name, CancellationToken cancellation) =>
        GetAsync<JobDetail>($"{PathOf(name)}?next=20", cancellation);

    /// <summary>What fires until some time, in order.</summary>
    public async Task<ComingFires> ComingAsync(DateTimeOffset end, CancellationToken cancellation)
    {
        var due = (await AllAsync(cancellation)).Jobs.Where(job => job.Next <= end).OrderBy(job => job.Next).ToList();
        var coming = new List<(DateTimeOffset, JobRow)>();
        foreach (var some in due.Take(MostJobs).Chunk(4))
        {
            var read = await Task.WhenAll(some.Select(job =>
                GetAsync<JobDetail>($"{PathOf(job.Name)}?next={MostTimes}", cancellation)));
            coming.AddRange(read.SelectMany(one => one.Next.Where(at => at <= end), (one, at) => (at, one.Job)));
        }

        return new ComingFires([.. coming.OrderBy(one => one.Item1)], Math.Max(0, due.Count - MostJobs));
    }

    /// <summary>Adds a job, as a file has it or in JSON; null where it was done, else why not.</summary>
    public Task<string?> AddAsync(string text) => SendAsync(HttpMethod.Post, "v1/schedules", text);

    /// <summary>Removes a job that a person has added; null where it was done, else why not.</summary>
    public Task<string?> RemoveAsync(string name) => SendAsync(HttpMethod.Delete, PathOf(name), null);

    /// <summary>Does something with a job; null where it was done, else why not.</summary>
    /// <param name="name">The job.</param>
    /// <param name="what"><c>pause</c>, <c>resume</c>, <c>skip</c> or <c>run</c>.</param>
    /// <param name="reason">Why; null for nothing said.</param>
    public Task<string?> DoAsync(string name, string what, string? reason) =>
        SendAsync(HttpMethod.Post, $"{PathOf(name)}/{what}", Because(reason));

    /// <summary>Whether all changes are stopped.</summary>
    public Task<StopRow> StopAsync(CancellationToken cancellation) => GetAsync<StopRow>("v1/stop", cancellation);

    /// <summary>Stops all changes, or lets them be made again; null where it was done, else why not.</summary>
    public Task<string?> SwitchAsync(bool stop, string? reason) =>
        SendAsync(HttpMethod.Post, stop ? "v1/stop" : "v1/start", Because(reason));

    /// <summary>What apps ask for beside what they use.</summary>
    public Task<SizePage> SizesAsync(CancellationToken cancellation) => GetAsync<SizePage>("v1/recommendations", cancellation);

    private static string PathOf(string name) => "v1/schedules/" + Uri.EscapeDataString(name);

    private static string Because(string? reason) => JsonSerializer.Serialize(new { reason });

    private async Task<T> GetAsync<T>(string path, CancellationToken cancellation)
    {
        using var answer = await http.GetAsync(path, cancellation);
        if (answer.IsSuccessStatusCode)
        {
            return await answer.Content.ReadFromJsonAsync<T>(JsonSerializerOptions.Web, cancellation)
                ?? throw new JsonException("the answer is empty");
        }

        var said = await CallProblems.SaidAsync(answer, cancellation);
        throw answer.StatusCode == HttpStatusCode.NotFound ? new UnknownAppException(said) : new HttpRequestException(said);
    }

    private Task<string?> SendAsync(HttpMethod method, string path, string? text) =>
        RoleChange.AskAsync(http, "manager", method, path, text is null ? null : Encoding.UTF8.GetBytes(text));
}
