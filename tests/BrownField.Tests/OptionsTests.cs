using System.Net;

namespace BrownField.Tests;

public sealed class OptionsTests
{
    [Fact]
    public void Without_more_than_a_service_it_is_Boot_1_on_the_service_s_port_of_the_loopback_interface()
    {
        var options = Parse(["--service", "search"]);

        Assert.Equal((ServiceKind.Search, BootShape.One, 8090, IPAddress.Loopback),
            (options.Service, options.Boot, options.Port, options.Bind));
        Assert.Equal(8095, Parse(["--service=search-apigateway"]).Port);
        Assert.Equal(8001, Parse(["--service=website"]).Port);
    }

    [Fact]
    public void The_port_is_the_option_s_then_the_first_assigned_one_then_the_only_one()
    {
        Assert.Equal(31001, Parse(["--service=search"], ("PORT0", "31001"), ("PORT", "31002")).Port);
        Assert.Equal(31002, Parse(["--service=search"], ("PORT", "31002")).Port);
        Assert.Equal(9000, Parse(["--service=search", "--port", "9000"], ("PORT0", "31001")).Port);
    }

    [Fact]
    public void Every_option_is_a_variable_too_and_the_option_wins()
    {
        var options = Parse(["--boot", "2"], ("BROWNFIELD_SERVICE", "search-apigateway"), ("BROWNFIELD_BOOT", "1"),
            ("BROWNFIELD_TPM_WINDOW", "10s"), ("BROWNFIELD_BIND", "0.0.0.0"),
            ("BROWNFIELD_SEARCH_URL", "http://a:1,http://b:2/x"));

        Assert.Equal((BootShape.Two, TimeSpan.FromSeconds(10), IPAddress.Any), (options.Boot, options.TpmWindow, options.Bind));
        Assert.Equal(["http://a:1/", "http://b:2/x/"], options.SearchUrls.Select(url => url.ToString()));
    }

    [Theory]
    [InlineData("--service is required: search, search-apigateway or website")]
    [InlineData("--service shop: search, search-apigateway or website are known", "--service", "shop")]
    [InlineData("--boot 4: 1, 2 or both are known", "--service=search", "--boot=4")]
    [InlineData("--frob is no option; --help lists them", "--frob", "1")]
    [InlineData("--port needs a value", "--service=search", "--port")]
    [InlineData("port 70000: a number from 0 to 65535 is needed", "--service=search", "--port", "70000")]
    [InlineData("--drain soon: a time such as 500ms, 10s or 1m is needed", "--service=search", "--drain", "soon")]
    [InlineData("--tpm-window 0s: from 00:00:01 to 01:00:00 is possible", "--service=search", "--tpm-window", "0s")]
    [InlineData("--gateway-url ftp://x: an http or https address is needed", "--service=website", "--gateway-url", "ftp://x")]
    [InlineData("--bind everywhere: an IP address is needed", "--service=website", "--bind", "everywhere")]
    public void A_bad_option_is_named(string message, params string[] args) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Parse(args)).Message);

    private static BrownFieldOptions Parse(string[] args, params (string Name, string Value)[] environment) =>
        BrownFieldOptions.Parse(args, name => environment.FirstOrDefault(variable => variable.Name == name).Value);
}
