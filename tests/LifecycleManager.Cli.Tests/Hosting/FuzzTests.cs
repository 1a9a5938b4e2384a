using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LifecycleManager.Security;

namespace LifecycleManager.Cli.Tests.Hosting;

/// <summary>
/// Every route of every role takes whatever comes: no answer is 500, none stays away, no exception reaches the server, and memory
/// stays flat. 20,000 requests, or as many as <c>LCM_TEST_REQUESTS</c> says.
/// </summary>
public sealed class FuzzTests : IDisposable
{
    private const int Lanes = 8;
    private const long MaxGrowth = 24 * 1024 * 1024;

    /// <summary>A scheduler without a lead refuses the rest.</summary>
    private static readonly (string, string) Abdication = ("DELETE", "/v2/leader");

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("LCM_TEST_REQUESTS"),
        CultureInfo.InvariantCulture, out var requests) ? requests : 20_000;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("LCM_TEST_SEED"),
        CultureInfo.InvariantCulture, out var seed) ? seed : Random.Shared.Next();

    private readonly string _directory = Directory.CreateTempSubdirectory("lcm-fuzz-").FullName;

    public static TheoryData<string> Roles => [.. RunningRole.Names];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [MemberData(nameof(Roles))]
    public async Task Whatever_comes_is_answered_and_no_answer_is_a_defect(string role)
    {
        using var log = new ErrorLog();
        await using var running = await RunningRole.StartAsync(role, new AllowedHosts(), _directory, log);
        var each = Requests / RunningRole.Names.Length;
        await SendAsync(running, each / 4, Seed);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var answers = await SendAsync(running, each - (each / 4), Seed + 1);
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;

        TestContext.Current.TestOutputHelper!.WriteLine($"seed {Seed}: " + string.Join(", ",
            answers.GroupBy(status => status).OrderBy(group => group.Key).Select(group => $"{group.Key}: {group.Count()}"))
            + $"; {grown / 1024} KiB more");
        Assert.True(!log.Lines.Any(), string.Join("\n", log.Lines));
        Assert.True(grown < MaxGrowth, $"{grown} bytes more after {each} requests");

        // Most are understood well enough to be refused for what they are, and some are carried out.
        Assert.Contains(200, answers);
        Assert.Contains(400, answers);
        Assert.True(answers.Count(status => status == 0) < answers.Count / 4, "too few are answered at all");
    }

    private static async Task<IReadOnlyCollection<int>> SendAsync(RunningRole role, int count, int seed)
    {
        var answers = new ConcurrentQueue<int>();
        await Task.WhenAll(Enumerable.Range(0, Lanes).Select(lane => Task.Run(async () =>
        {
            var requests = new FuzzedRequests(
                new Random(seed + (lane * 7919)), [.. role.Routes.Where(route => route != Abdication)]);
            for (var i = 0; i < count / Lanes; i++)
            {
                var (bytes, isWhole) = requests.Next();
                var status = await AskAsync(role.Address, bytes, isWhole);
                Assert.True(status != 500, $"seed {Seed}: 500 to\n{Encoding.Latin1.GetString(bytes)}");
                answers.Enqueue(status);
            }
        })));
        return answers;
    }

    /// <summary>The status of the answer; 0 where the connection is closed without one.</summary>
    private static async Task<int> AskAsync(Uri address, byte[] request, bool isWhole)
    {
        using var socket = await RawHttp.ConnectAsync(address);
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            for (var sent = 0; sent < request.Length;) sent += await socket.SendAsync(request.AsMemory(sent), patience.Token);

            // Whoever announces more than he sends goes away.
            return isWhole ? await RawHttp.StatusAsync(socket, patience.Token) : 0;
        }
        catch (SocketException)
        {
            // The server may close while it is still being sent to.
            return 0;
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"seed {Seed}: no answer in {Patience.TotalSeconds} s to\n{Encoding.Latin1.GetString(request)}");
            throw;
        }
    }
}
