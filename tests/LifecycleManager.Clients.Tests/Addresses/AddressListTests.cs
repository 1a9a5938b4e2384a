using System.Net;
using LifecycleManager.Clients.Addresses;

namespace LifecycleManager.Clients.Tests.Addresses;

public sealed class AddressListTests
{
    private static readonly Uri One = new("http://one:1");
    private static readonly Uri Two = new("http://two:2");
    private static readonly Uri Three = new("https://three:3");
    private readonly AddressList _list = new(One, Two, Three);
    private readonly List<string> _asked = [];

    [Fact]
    public async Task What_answered_last_is_asked_first()
    {
        Assert.Equal(Two, await AskAsync(Two, Three));
        Assert.Equal(Two, await AskAsync(Two, Three));
        Assert.Equal(Three, await AskAsync(Three));
        Assert.Equal(["http://one:1/", "http://two:2/", "http://two:2/", "http://two:2/", "https://three:3/"], _asked);
    }

    [Fact]
    public async Task Each_is_asked_once_and_the_last_failure_is_the_callers()
    {
        var problem = await Assert.ThrowsAsync<IOException>(() => AskAsync());
        Assert.Equal("https://three:3/", problem.Message);
        Assert.Equal(3, _asked.Count);
    }

    [Fact]
    public async Task Whoever_is_asked_at_the_end_of_the_time_is_left_for_the_next()
    {
        using var end = new CancellationTokenSource();
        await Assert.ThrowsAsync<IOException>(() => _list.AskAsync<string>(
            async _ =>
            {
                await end.CancelAsync();
                throw new IOException();
            },
            end.Token));
        Assert.Equal(Two, _list.Current);
    }

    [Theory]
    [InlineData("GET", HttpRequestError.ConnectionError, true)]
    [InlineData("PUT", HttpRequestError.ConnectionError, true)]
    [InlineData("PUT", HttpRequestError.NameResolutionError, true)]
    [InlineData("PUT", HttpRequestError.ResponseEnded, false)]
    [InlineData("GET", HttpRequestError.ResponseEnded, false)]
    public async Task A_call_that_reached_nobody_goes_on_at_once_what_may_have_been_taken_does_not(string method,
        HttpRequestError error, bool goesOn)
    {
        using var http = Client((host, _) => host == "one" ? throw new HttpRequestException(error) : new HttpResponseMessage());
        var call =
            http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/v2/apps?x=1") { Content = new StringContent("{}") });
        if (goesOn) Assert.Equal(HttpStatusCode.OK, (await call).StatusCode);
        else await Assert.ThrowsAsync<HttpRequestException>(() => call);

        // The next call is for another in any case.
        Assert.Equal(Two, _list.Current);
        Assert.Equal("http://one:1/v2/apps?x=1", _asked[0]);
    }

    [Theory]
    [InlineData("GET", HttpStatusCode.ServiceUnavailable, 3)]
    [InlineData("PUT", HttpStatusCode.ServiceUnavailable, 1)]
    [InlineData("GET", HttpStatusCode.InternalServerError, 1)]
    [InlineData("GET", HttpStatusCode.Unauthorized, 1)]
    public async Task Only_a_read_that_nobody_can_answer_goes_round(string method, HttpStatusCode status, int calls)
    {
        using var http = Client((_, _) => new HttpResponseMessage(status));
        Assert.Equal(status, (await http.SendAsync(new HttpRequestMessage(new HttpMethod(method), "/"))).StatusCode);
        Assert.Equal(calls, _asked.Count);
    }

    [Fact]
    public async Task A_directory_is_looked_into_at_first_and_once_somebody_did_not_answer()
    {
        var (looks, leader) = (0, One);
        var list = new AddressList(new AddressDirectory(new Uri("zk://host/path"), _ =>
        {
            looks++;
            return Task.FromResult<IReadOnlyList<Uri>>([leader]);
        }));
        Assert.Equal(("zk://host/path", 0), ($"{list.Current}", list.Count));
        Assert.Equal(One, await list.AskAsync(Task.FromResult, CancellationToken.None));
        Assert.Equal(One, await list.AskAsync(Task.FromResult, CancellationToken.None));
        Assert.Equal(1, looks);
        leader = Two;
        await Assert.ThrowsAsync<IOException>(() => list.AskAsync<Uri>(_ => throw new IOException(), CancellationToken.None));
        Assert.Equal(Two, await list.AskAsync(Task.FromResult, CancellationToken.None));
        Assert.Equal(2, looks);
    }

    [Fact]
    public async Task What_a_directory_said_is_used_while_it_does_not_answer_or_names_nobody()
    {
        Func<IReadOnlyList<Uri>> find = () => throw new IOException("it is away");
        var list = new AddressList(new AddressDirectory(new Uri("zk://host/path"), _ => Task.FromResult(find())));
        var away = await Assert.ThrowsAsync<HttpRequestException>(() => list.RefreshAsync(CancellationToken.None));
        Assert.Equal("zk://host/path does not answer: it is away", Failures.Describe(away));
        Assert.True(Failures.IsUnsent(away));
        find = () => [];
        var nobody = await Assert.ThrowsAsync<HttpRequestException>(() => list.RefreshAsync(CancellationToken.None));
        Assert.Equal("nobody leads by zk://host/path", nobody.Message);

        find = () => [One, Two];
        await list.RefreshAsync(CancellationToken.None);
        list.Leave(One);
        foreach (var silent in (Func<IReadOnlyList<Uri>>[])[() => throw new IOException("it is away"), () => []])
        {
            find = silent;
            await list.RefreshAsync(CancellationToken.None);
            Assert.Equal((Two, 2), (list.Current, list.Count));
        }

        // The same again is no reason to begin with the one that did not answer.
        find = () => [One, Two];
        await list.RefreshAsync(CancellationToken.None);
        Assert.Equal(Two, list.Current);
    }

    private Task<Uri> AskAsync(params Uri[] answering) => _list.AskAsync(
        address =>
        {
            _asked.Add(address.ToString());
            return answering.Contains(address) ? Task.FromResult(address) : throw new IOException(address.ToString());
        },
        CancellationToken.None);

    private HttpClient Client(Func<string, HttpRequestMessage, HttpResponseMessage> answer) => new(new AddressListHandler(_list)
    {
        InnerHandler = new Fake(request =>
        {
            _asked.Add(request.RequestUri!.ToString());
            return answer(request.RequestUri.Host, request);
        }),
    })
    {
        BaseAddress = One,
    };

    private sealed class Fake(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request,
            CancellationToken cancellationToken)
        {
            await Task.Yield();
            return answer(request);
        }
    }
}
